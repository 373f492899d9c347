import { useEffect, useRef } from "preact/hooks";
import { signIn } from "../client/session.js";
import { Failure } from "../views/notices.js";

interface SignInProps {
  wasRefused: boolean;
  onSignedIn: () => void;
}

/** Asks for a token, which stays in this tab. */
export function SignIn({ wasRefused, onSignedIn }: SignInProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Sign in – Inspection";
    field.current?.focus();
  }, []);
  return (
    <main class="narrow">
      <h1>Sign in</h1>
      <p>
        This service wants a token. Whoever runs it makes one with{" "}
        <code>reverse-distillation serve token</code>. It is kept in this tab only.
      </p>
      <Failure message={wasRefused ? "The service does not know this token." : undefined} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const token = field.current!.value.trim();
          if (token === "") return;
          signIn(token);
          onSignedIn();
        }}
      >
        <label class="field">
          Token
          <input ref={field} type="password" autocomplete="off" required />
        </label>
        <button type="submit" class="main">
          Sign in
        </button>
      </form>
    </main>
  );
}

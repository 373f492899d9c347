import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { AboutBody } from "../lib/http/bodies/about.js";
import { isSignedIn, needsToken, onRefused, signOut } from "./client/session.js";
import { useAnswer } from "./client/use-answer.js";
import { Calibrate } from "./sections/calibrate.js";
import { Card } from "./sections/card.js";
import { Latest } from "./sections/latest.js";
import { Overview } from "./sections/overview.js";
import { Review } from "./sections/review.js";
import { SignIn } from "./sections/sign-in.js";
import { Failure } from "./views/notices.js";

/** What a section knows of the service and of who looks at it. */
export interface SectionProps {
  about: AboutBody;
}

interface Section {
  id: string;
  title: string;
  Body: ComponentType<SectionProps>;
}

const sections: readonly Section[] = [
  { id: "overview", title: "Overview", Body: Overview },
  { id: "latest", title: "Latest parts", Body: Latest },
  { id: "review", title: "Review", Body: Review },
  { id: "calibrate", title: "Calibrate", Body: Calibrate },
  { id: "card", title: "Model card", Body: Card },
];

function sectionOfAddress(): Section {
  return sections.find(({ id }) => id === location.hash.slice(1)) ?? sections[0]!;
}

/** The page: it asks for a token if the service wants one, and shows a section at a time. */
export function App() {
  const [signedIn, setSignedIn] = useState(isSignedIn());
  const [wasRefused, setRefused] = useState(false);
  useEffect(() => {
    onRefused(() => {
      setRefused(true);
      setSignedIn(false);
    });
  }, []);
  if (!signedIn)
    return (
      <SignIn
        wasRefused={wasRefused}
        onSignedIn={() => {
          setRefused(false);
          setSignedIn(true);
        }}
      />
    );
  return (
    <Sections
      onSignOut={() => {
        signOut();
        setSignedIn(false);
      }}
    />
  );
}

function Sections({ onSignOut }: { onSignOut: () => void }) {
  const [{ id, title, Body }, setSection] = useState(sectionOfAddress);
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  const { value: about, error } = useAnswer<AboutBody>("/about");
  useEffect(() => {
    const follow = () => setSection(sectionOfAddress());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    document.title = `${title} – Inspection`;
    // Who goes on with the keyboard goes on in the new section.
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
  }, [title]);
  return (
    <>
      <header class="top">
        <nav aria-label="Sections">
          <ul>
            {sections.map((section) => (
              <li key={section.id}>
                <a href={`#${section.id}`} aria-current={section.id === id ? "page" : undefined}>
                  {section.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        {needsToken && (
          <p class="caller">
            {about?.caller && <span>{about.caller}</span>}
            <button type="button" onClick={onSignOut}>
              Sign out
            </button>
          </p>
        )}
      </header>
      <main>
        <h1 tabIndex={-1} ref={heading}>
          {title}
        </h1>
        <Failure message={error} />
        {about && <Body about={about} key={id} />}
      </main>
    </>
  );
}

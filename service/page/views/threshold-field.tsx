import { useEffect, useState } from "preact/hooks";

interface ThresholdFieldProps {
  name: string;
  value: number;
  onValue: (value: number) => void;
}

/** A threshold in digits. It takes effect when the field is left, or with Enter. */
export function ThresholdField({ name, value, onValue }: ThresholdFieldProps) {
  const [text, setText] = useState(String(value));
  useEffect(() => setText(String(value)), [value]);
  const take = (): void => {
    const number = Number(text);
    if (text.trim() !== "" && Number.isFinite(number)) onValue(number);
    else setText(String(value));
  };
  return (
    <label class="field">
      {name} from
      <input
        type="text"
        inputMode="decimal"
        size={12}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
        }}
      />
    </label>
  );
}

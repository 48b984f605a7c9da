import { moment } from "../../format/time.ts";

type Saved = {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly createdAt: string;
};

/** The specifications of the project, each of which can be opened. */
export function SavedSpecifications({
  saved,
  onOpen,
}: {
  saved: readonly Saved[];
  onOpen: (text: string) => void;
}) {
  if (saved.length === 0) return null;
  return (
    <section aria-labelledby="saved" className="rounded-lg border bg-surface p-4 sm:p-5">
      <h2 id="saved" className="mb-1 font-semibold">
        Saved in this project
      </h2>
      <ul className="-mx-2 grid max-h-80 overflow-auto">
        {saved.map(({ id, name, text, createdAt }) => (
          <li key={id}>
            <button
              type="button"
              onClick={() => onOpen(text)}
              className="w-full rounded-md px-2 py-1.5 text-left hover:bg-sunken"
            >
              <span className="flex items-baseline justify-between gap-3">
                <span className="text-sm font-medium">{name}</span>
                <span className="shrink-0 text-xs text-faint">{moment(createdAt)}</span>
              </span>
              <code className="block font-mono text-xs break-words text-muted">{text}</code>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

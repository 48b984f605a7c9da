"use client";

import { Monitor, Moon, Sun } from "lucide-react";
import { createContext, type ReactNode, useContext, useSyncExternalStore } from "react";
import { themeStorageKey } from "./theme-script.ts";

export type Theme = "light" | "dark";

type ThemeChoice = Theme | "system";

const choices: ThemeChoice[] = ["system", "light", "dark"];

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  const media = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    if (currentChoice() === "system") apply("system");
  };
  media.addEventListener("change", follow);
  return () => {
    listeners.delete(listener);
    media.removeEventListener("change", follow);
  };
}

function currentChoice(): ThemeChoice {
  const stored = localStorage.getItem(themeStorageKey);
  return stored === "light" || stored === "dark" ? stored : "system";
}

function apply(choice: ThemeChoice): void {
  if (choice === "system") localStorage.removeItem(themeStorageKey);
  else localStorage.setItem(themeStorageKey, choice);
  const dark =
    choice === "dark" || (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  for (const listener of listeners) listener();
}

const Fixed = createContext<Theme | null>(null);

/** A part of the page that keeps one theme, as sheets of paper do; its class sets the same colours. */
export function FixedTheme({ theme, children }: { theme: Theme; children: ReactNode }) {
  return <Fixed value={theme}>{children}</Fixed>;
}

/** The theme in use, for everything that is drawn rather than styled. */
export function useTheme(): Theme {
  const fixed = useContext(Fixed);
  const chosen = useSyncExternalStore(
    subscribe,
    () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light"),
    () => "light" as const,
  );
  return fixed ?? chosen;
}

const icons = { system: Monitor, light: Sun, dark: Moon };

/** Goes round: as the system, light, dark. */
export function ThemeSwitch() {
  const choice = useSyncExternalStore(subscribe, currentChoice, (): ThemeChoice => "system");
  const next = choices[(choices.indexOf(choice) + 1) % choices.length];
  const Icon = icons[choice];
  return (
    <button
      type="button"
      onClick={() => apply(next)}
      aria-label={`Theme: ${choice}. Switch to ${next}.`}
      title={`Theme: ${choice}`}
      className="grid size-8 place-items-center rounded-md text-muted hover:bg-sunken hover:text-ink"
    >
      <Icon size={16} aria-hidden />
    </button>
  );
}

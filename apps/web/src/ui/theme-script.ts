/** Where the browser keeps the chosen theme; nothing is kept for the system's. */
export const themeStorageKey = "faultline-theme";

/** Runs before the first paint, so that no page flashes in the wrong theme. Its hash stands in the page's policy. */
export const themeScript = `(() => {
  const choice = localStorage.getItem("${themeStorageKey}");
  const dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})()`;

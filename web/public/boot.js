// Runs before the first paint, so that the page does not flash in the wrong colours or language.
(function () {
  var root = document.documentElement;
  var theme = "auto";
  var language = (navigator.language || "de").slice(0, 2) === "de" ? "de" : "en";
  try {
    theme = localStorage.getItem("poststelle.theme") || theme;
    language = localStorage.getItem("poststelle.language") || language;
  } catch {
    // Storage switched off: the defaults stand.
  }
  if (theme === "auto") {
    theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  root.setAttribute("data-mantine-color-scheme", theme);
  root.setAttribute("lang", language);
})();

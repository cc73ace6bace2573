(() => {
  const problems = [];
  const describe = (element) => element.outerHTML.slice(0, 120);

  if (!document.title) problems.push("the page has no title");
  if (document.querySelectorAll("h1").length !== 1) problems.push("the page has not exactly one h1");
  if (!document.documentElement.lang) problems.push("the page has no lang");
  if (document.scrollingElement.scrollWidth > innerWidth) {
    problems.push(`the page is ${document.scrollingElement.scrollWidth} px wide, the window ${innerWidth}`);
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (field.labels.length === 0) problems.push(`a field has no label: ${describe(field)}`);
  }
  for (const element of document.querySelectorAll("[tabindex]")) {
    if (element.tabIndex > 0) problems.push(`the order of focus is not that of the page: ${describe(element)}`);
  }

  const isPaper = matchMedia("print").matches;
  const actions = [...document.querySelectorAll("main > .actions .action")].filter((action) => action.checkVisibility());
  const primary = actions.filter((action) => getComputedStyle(action).backgroundColor !== getComputedStyle(action.closest("main")).backgroundColor);
  if (primary.length > 1) problems.push(`the page has ${primary.length} primary actions`);
  if (isPaper && actions.length > 0) problems.push("buttons are printed");

  // WCAG 2.2, section 1.4.3: 4.5 to 1, and 3 to 1 for large text.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches &&
    getComputedStyle(document.documentElement).colorScheme.includes("dark");
  const background = (element) => {
    for (; element; element = element.parentElement) {
      const color = rgba(getComputedStyle(element).backgroundColor);
      if (color[3] === 255) return color;
    }
    return isDark ? [18, 18, 18] : [255, 255, 255];
  };
  for (const element of document.body.querySelectorAll("*")) {
    const hasText = [...element.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    if (!hasText && !element.matches("input:not([type=hidden])") || !element.checkVisibility()) continue;
    const css = getComputedStyle(element);
    const [light, dark] = [luminance(rgba(css.color)), luminance(background(element))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(css.fontSize);
    const isLarge = size >= 24 || size >= 18.66 && css.fontWeight >= 700;
    if (ratio < (isLarge ? 3 : 4.5)) problems.push(`text has a contrast of ${ratio.toFixed(2)}: ${describe(element)}`);
  }
  return problems;
})()

// Every visible text with less contrast to what is behind it than WCAG's AA wants (4.5 to 1), as
// lines. Run in the page.
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

  /** Any CSS colour over another one, as red, green and blue. */
  function paint(...colours) {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return canvas.getImageData(0, 0, 1, 1).data;
  }

  function light([red, green, blue]) {
    const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
  }

  function ratio(front, back) {
    const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  }

  /** What is behind an element, outermost first; its stripes are a case of their own. */
  function behind(element) {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.unshift(getComputedStyle(one).backgroundColor);
    const striped = element.closest("[data-pattern]:not([data-pattern='0']):not([data-phase='leaving'])");
    const mark = striped && getComputedStyle(striped).getPropertyValue("--mark");
    return mark ? [layers, [...layers, mark]] : [layers];
  }

  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent.trim();
    if (!text || !element.checkVisibility({ checkOpacity: true }) || element.closest(".unseen, .skip, script, noscript")) continue;
    seen += 1;
    for (const layers of behind(element)) {
      const back = paint("white", ...layers);
      const front = paint("white", ...layers, getComputedStyle(element).color);
      const value = ratio(front, back);
      if (value < 4.5) found.push(`${value.toFixed(2)} ${element.className} ${text}`);
    }
  }
  return { seen, found };
})()

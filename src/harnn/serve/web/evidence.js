/* What words did for a score: their places in a text, how strongly they are painted, points. */

const SHADED = 0.08; // of the strongest effect, of a word that is painted
const LEAST = 0.05;  // of the log odds, of a word that is worth a line

/** Return what tells the place in a string of a sign that is counted as Python does. */
export function offsets(text) {
  if (!/[\ud800-\udbff]/.test(text)) return (place) => place;
  const starts = [0];
  for (const sign of text) starts.push(starts.at(-1) + sign.length);
  return (place) => starts[place];
}

/** Return the strongest effect of words, or what is little anyhow. */
export const isMuch = (words) => Math.max(0.05, ...words.map(({ effect }) => Math.abs(effect)));

/** Return how strongly a word is painted: '1' to '4', '-' against; '': not at all. most: see isMuch. */
export function strength(effect, most) {
  const share = effect / most;
  if (share >= SHADED) return share >= 0.66 ? '4' : share >= 0.4 ? '3' : share >= 0.2 ? '2' : '1';
  return share <= -0.15 ? '-' : '';
}

/** Return the words of a text that are painted as speaking for a label. */
export function paintedOf(words) {
  const most = isMuch(words);
  return words.filter(({ effect }) => effect / most >= SHADED);
}

/** Paint an element as strength() says. */
export function shade(element, how) {
  if (how) element.dataset.w = how; else delete element.dataset.w;
}

/** Return the words with the strongest effects, several places of a word together: at most *more*
    for the label, then at most *less* against it, each {word, effect, times, points}. */
export function strongest(words, score, more, less) {
  const sums = new Map();
  for (const { word, effect } of words) {
    const key = word.toLowerCase();
    const known = sums.get(key) ?? { word, effect: 0, times: 0 };
    known.effect += effect;
    known.times += 1;
    sums.set(key, known);
  }
  const ranked = [...sums.values()].filter(({ effect }) => Math.abs(effect) >= LEAST).sort((a, b) => b.effect - a.effect);
  const chosen = [...ranked.filter(({ effect }) => effect > 0).slice(0, more), ...ranked.filter(({ effect }) => effect < 0).slice(-less)];
  return chosen.map((each) => ({ ...each, points: points(score, each.effect) }));
}

/** Return how many points of 100 a score falls when log odds are taken from it. */
function points(score, effect) {
  const sure = Math.min(Math.max(score, 1e-6), 1 - 1e-6);
  const odds = Math.log(sure / (1 - sure)) - effect;
  return 100 * (sure - 1 / (1 + Math.exp(-odds)));
}

export function signed(value) {
  const size = Math.abs(value);
  const text = size < 0.5 ? size.toFixed(1) : String(Math.round(size));
  return `${value < 0 ? '\u2212' : '+'}${text}`;
}

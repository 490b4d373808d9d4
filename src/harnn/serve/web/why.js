/* Why a label has its score: words, siblings that came next, parts of the model, examples. */

import { paintedOf, signed, strongest } from './evidence.js';
import { ask, counted, foreign, make, meter, percent } from './frame.js';

const TRIALS = 3;           // texts without words drawn at random
const FOR = 6;
const AGAINST = 3;
const LEAST = 0.05; // of the log odds, of a word or part that is worth a line

/** Show in *box* what was explained of a label. */
export function showReasons(box, node, shown) {
  const { text, explanations, nodes, model } = shown;
  const label = explanations.get(node.label);
  if (!label) { box.replaceChildren('Nothing is said of this label.'); return; }
  const source = label.through ? nodes.get(label.through) : node;
  const through = label.through
    ? make('p', { class: 'soft' }, 'It is given because of ', foreign(source?.name ?? label.through), ' below it; the words are those of that label.') : null;
  const named = label.by_name
    ? make('p', { class: 'soft' }, `${label.through ? 'That label' : 'It'} is scored by its name: no training document has it.`, ...product(label.name_score)) : null;
  const words = make('div', {}, make('h3', {}, 'Points lost without the word'), wordTable(label.words, source?.score ?? node.score));
  const read = label.words.at(-1)?.end ?? 0;
  if (/[\p{L}\p{N}]/u.test([...text].slice(read).join(''))) words.append(make('p', { class: 'small faint' }, `Explained are the first ${counted(label.words.length, 'word')}.`));
  const more = make('div', {}, ...trial(node, label, shown), ...siblings(label), ...parts(label), ...examples(label));
  more.append(make('p', {}, make('a', { href: `/taxonomy?${new URLSearchParams({ model: model.name, label: node.label })}` }, 'Show in the taxonomy')));
  box.replaceChildren(...[through, named].filter(Boolean), make('div', { class: 'two' }, words, more));
}

/** Return what a score by name is the product of. */
function product(made) {
  if (!made) return [];
  const names = counted(made.siblings, 'other name');
  if (!made.parent) return [made.siblings ? ` Its score is the probability that its name gives it beside ${names}.` : ' No other name stands beside it, so every text gets the same score.'];
  const end = made.siblings ? `, the probability that its name gives it beside ${names}.` : ': no other name stands beside it, so its own decides nothing.';
  return [' Its score is that of ', foreign(made.parent.name), ` above it, ${percent(made.parent.score)}, times ${percent(made.likely)}${end}`];
}

/** Offer to take the painted words out of the text, and others for comparison. */
function trial(node, label, shown) {
  const painted = paintedOf(label.words);
  const others = label.words.filter((word) => !painted.includes(word));
  if (!painted.length || others.length < painted.length) return [];
  const said = make('p', { role: 'status' });
  const button = make('button', { class: 'btn small', type: 'button', onclick: async () => {
    button.disabled = true;
    try {
      const drawn = Array.from({ length: TRIALS }, () => without(shown.text, draw(others, painted.length)));
      const documents = [without(shown.text, painted), ...drawn];
      const { predictions } = await ask('POST', '/v1/predict', { documents, model: shown.model.name, options: { top_k: shown.most } });
      const [bare, ...random] = predictions.map(({ labels }) => labels.find((each) => each.label === node.label)?.score ?? 0);
      const mean = random.reduce((sum, score) => sum + score, 0) / TRIALS;
      said.textContent = `Without the ${counted(painted.length, 'painted word')} the score goes from ${percent(node.score)} to ${percent(bare)}. Without as many words drawn at random it is ${percent(mean)}, the mean of ${TRIALS} draws.`;
    } catch (error) {
      said.textContent = error.message;
    }
    button.disabled = false;
  } }, 'Take the painted words out');
  return [make('h3', {}, 'How far to trust this list'), make('div', {}, button), said];
}

/** Return a text without words; their places count signs. */
function without(text, words) {
  const gone = new Set();
  for (const { start, end } of words) for (let at = start; at < end; at++) gone.add(at);
  return [...text].filter((_, at) => !gone.has(at)).join('');
}

/** Return some of the words, each as likely as any other. */
function draw(words, count) {
  const left = [...words];
  return Array.from({ length: count }, () => left.splice(Math.floor(Math.random() * left.length), 1)[0]);
}

function wordTable(words, score) {
  const chosen = strongest(words, score, FOR, AGAINST);
  if (!chosen.length) return make('p', { class: 'soft' }, 'No word stands out. The answer rests on the text as a whole.');
  const lost = chosen.filter((each) => Math.abs(each.points) >= 0.05);
  if (!lost.length) return make('p', { class: 'soft' }, 'Without any single word the score stays what it is.');
  const most = Math.max(...lost.map((each) => Math.abs(each.points)), 1e-6);
  return make('table', { class: 'ev' },
    make('thead', { class: 'sr' }, make('tr', {}, make('th', {}, 'Word'), make('th', {}, 'Bar'), make('th', {}, 'Points'))),
    make('tbody', {}, ...lost.map((each) => make('tr', {},
      make('th', { scope: 'row' }, foreign(each.word), each.times > 1 ? make('span', { class: 'faint' }, ` ×${each.times}`) : null),
      make('td', { class: 'dv', 'aria-hidden': 'true' }, bar(each.points / most)),
      make('td', { class: 'num' }, signed(each.points))))));
}

function bar(share) {
  const drawn = make('span', { class: `bar ${share < 0 ? 'neg' : 'pos'}` });
  drawn.style.setProperty('--n', Math.abs(share));
  return drawn;
}

function siblings({ rivals = [] }) {
  if (!rivals.length) return [];
  const lines = rivals.map((rival) => {
    const spoke = rival.words.filter(({ effect }) => effect > LEAST).sort((a, b) => b.effect - a.effect).slice(0, 3);
    const row = make('div', { class: 'rival' }, make('span', {}, make('span', { class: 'faint' }, 'Not '), foreign(rival.name)), meter(rival.score, null), make('span', { class: 'pct' }, percent(rival.score)));
    const words = spoke.length ? make('p', { class: 'small faint' }, 'for it: ', ...spoke.flatMap(({ word }, at) => [at ? ', ' : '', foreign(word)])) : null;
    return make('li', {}, row, words);
  });
  return [make('h3', {}, 'Runner-up siblings'), make('ul', {}, ...lines)];
}

function parts({ branches = [] }) {
  if (branches.length < 2) return [];
  const lines = branches.map(({ branch, effect }) => make('li', { class: 'rival' }, make('span', {}, branch.replaceAll('_', ' ')), make('span', { class: 'pct' }, `${effect < 0 ? '\u2212' : '+'}${Math.abs(effect).toFixed(1)}`)));
  return [make('h3', {}, 'Parts of the model, in log odds'), make('ul', {}, ...lines)];
}

function examples({ examples: found = [] }) {
  if (!found.length) return [];
  const lines = found.map(({ id, text }) => make('li', { class: 'small' }, make('span', { class: 'code' }, id), ' ', foreign(text.length > 160 ? `${text.slice(0, 160)}…` : text)));
  return [make('h3', {}, 'Documents like it that have this label'), make('ul', {}, ...lines)];
}

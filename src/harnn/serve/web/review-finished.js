/* Nothing waits any more: how it went, whether the model's answer sways people, the file to save. */

import { ask, counted, foreign, icon, make, note, number, percent, refusal, send } from './frame.js';
import { save } from './save.js';

/** Show how the review stands in *box*; look(order, part): shows the queue. */
export async function showFinished(box, model, summary, look) {
  const { done, total, open, disputed, set_aside: aside, annotated } = summary;
  const show = (state, name) => make('button', { class: 'btn small', type: 'button', onclick: () => look('doubt', { name, query: { state } }) }, 'Show');
  const waits = [
    [disputed, 'waits for a third opinion', 'wait for a third opinion', show('disputed', 'Disputed')],
    [annotated, 'waits for a second reading by somebody else', 'wait for a second reading by somebody else', show('annotated', 'Second reading')],
    [aside, 'is set aside', 'are set aside', show('set_aside', 'Set aside')],
    [open, 'is open with other people', 'are open with other people', show('open', 'Open')],
  ].filter(([count]) => count).map(([count, one, many, button]) => make('li', {}, `${counted(count, 'document')} ${count === 1 ? one : many}. `, button));
  const heading = total === 0 ? 'Nothing waits. No document was queued yet.' : `Nothing waits. ${number(done)} of ${counted(total, 'document')} ${done === 1 ? 'is' : 'are'} filed.`;
  const trouble = make('div');
  const sway = make('section', { class: 'card', 'aria-labelledby': 'sway-title', hidden: true }, make('header', {}, make('h3', { id: 'sway-title' }, 'Does the model’s answer sway us?')));
  box.replaceChildren(make('div', { class: 'sheet slender' },
    make('h2', { class: 'large', tabindex: '-1' }, heading), make('ul', { class: 'soft waits' }, ...waits),
    total ? facts(summary) : make('p', {}, make('a', { class: 'btn main', href: '/upload' }, 'Upload documents')), sway, trouble,
    make('p', { class: 'ends' },
      make('button', { class: 'btn main', type: 'button', disabled: !done, onclick: () => download(model, trouble) }, icon('save'), 'Download JSON lines'),
      make('button', { class: 'btn', type: 'button', onclick: () => look('doubt') }, 'Look again'))));
  box.querySelector('h2').focus();
  if (!total) return;
  try {
    const { anchoring } = await ask('GET', `/v1/review/agreement?${new URLSearchParams({ model })}`);
    if (anchoring) { sway.append(swayed(anchoring)); sway.hidden = false; }
  } catch (error) {
    trouble.replaceChildren(refusal(error, 'The decisions are kept.'));
  }
}

function facts({ done, as_model: same, none_fits: none, median_seconds: median, median_seconds_blind: blind }) {
  const share = (count) => (done ? `${percent(count / done)} of ${number(done)}` : '');
  const changed = done - same - none;
  const seconds = (value) => (value === null ? '–' : `${number(Math.round(value))} s`);
  const lines = [
    ['Filed as the model said', number(same), share(same)],
    ['Changed', number(changed), share(changed)],
    ['No label fits', number(none), share(none)],
    ['Median time', seconds(median), blind === null ? 'of a reading' : `blind items ${seconds(blind)}`],
  ];
  return make('dl', { class: 'figures' }, ...lines.map(([name, value, small]) => make('div', {}, make('dt', {}, name), make('dd', {}, value, make('small', {}, small)))));
}

/** Compare how often people agree with the model where its answer was shown and where it was hidden. */
function swayed({ shown, blind, sentence }) {
  if (!shown.documents || !blind.documents) return make('div', { class: 'pad soft' }, 'Not measured yet: it takes documents that were read with the model’s answer, and some that were read without it.');
  const all = [['Answer shown', shown, false], ['Answer hidden', blind, true]];
  return make('div', { class: 'pad' }, plot(all, true), plot(all, false), make('p', { class: 'soft' }, sentence));
}

const SPACE = 'http://www.w3.org/2000/svg';
function drawn(tag, attributes, text = null) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== null) element.textContent = text;
  return element;
}

/** Draw shares with their intervals, from 0% to 100%, for wide pages or for narrow ones. */
function plot(lines, isWide) {
  const [left, width, all] = isWide ? [100, 480, 660] : [90, 170, 340];
  const x = (share) => left + width * share;
  const label = lines.map(([name, { as_model: same, documents: of, interval: [low, high] }]) => `${name}: ${percent(same / of)} of ${of}, between ${percent(low)} and ${percent(high)}`).join('; ');
  const svg = drawn('svg', { class: `plot ${isWide ? 'broad' : 'narrow'}`, viewBox: `0 0 ${all} 104`, role: 'img', 'aria-label': `Agreement with the model. ${label}.` });
  for (const share of isWide ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.5, 1]) {
    svg.append(drawn('path', { class: 'gr', d: `M${x(share)} 20V84` }), drawn('text', { class: 'm c', x: x(share), y: 12 }, percent(share)));
  }
  lines.forEach(([name, { as_model: same, documents: of, interval: [low, high] }, isHidden], at) => {
    const y = 36 + 32 * at;
    svg.append(drawn('text', { class: 'e', x: left - 12, y: y + 4 }, name), drawn('path', { class: `ln ${isHidden ? '' : 'a'}`, d: `M${x(low)} ${y}H${x(high)}` }),
      isHidden ? drawn('rect', { class: 'fi', x: x(same / of) - 4, y: y - 4, width: 8, height: 8 }) : drawn('circle', { class: 'fa', cx: x(same / of), cy: y, r: 4.5 }),
      drawn('text', { class: 'b', x: x(1) + 12, y: y + 4 }, `${percent(same / of)} of ${number(of)}`));
  });
  svg.append(drawn('text', { class: 'm e', x: x(1), y: 100 }, 'agreement with the model, 95% interval'));
  return svg;
}

async function download(model, trouble) {
  try {
    const response = await send('GET', `/v1/review/export?${new URLSearchParams({ model })}`);
    save('reviewed.jsonl', 'application/jsonl', await response.blob());
    trouble.replaceChildren(note('good', 'Saved as ', foreign('reviewed.jsonl'), '.'));
  } catch (error) {
    trouble.replaceChildren(refusal(error, 'Nothing was saved.'));
  }
}

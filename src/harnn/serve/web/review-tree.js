/* The labels of a document as a tree: marks, scores, and of the one under the cursor why and what
   can be decided. */

import { signed, strongest } from './evidence.js';
import { byId, foreign, icon, make, meter, percent } from './frame.js';
import { MARKS, isYes, parentOf, rowsOf, wordOf } from './review-marks.js';
import { codeOf } from './names.js';
import { Rows } from './rows.js';

const ACTS = [['a', 'Accept'], ['x', 'Reject'], ['h', 'Parent'], ['l', 'Child'], ['n', 'No deeper']];

/** Return the sign of a mark; who: whose it is, read out before its word. */
export function markOf(mark, who = '') {
  const [sign, kind, word] = MARKS[mark];
  return make('span', { class: `mark ${kind}`, title: who ? `${who}: ${word}` : null, 'aria-hidden': who ? null : 'true' },
    sign ? icon(sign) : null, who ? make('span', { class: 'sr' }, `, ${who}: ${word}`) : null);
}

export class Tree {
  /** moved: is told of the label under the cursor; act: does what a key does. */
  constructor({ moved, act }) {
    this.moved = moved;
    this.act = act;
    this.marks = null;
    this.others = [];
    this.shown = null; // key of the row that has the details
    this.rows = new Rows(byId('tree'), {
      fill: (element, row) => this.#fill(element, row),
      picked: () => this.#moved(),
      pointed: (row) => moved(row?.node ?? this.current, false),
      opened: (row, open) => { if (!open) this.pick(parentOf(this.marks, row.node)?.label); },
      enters: false,
    });
    byId('tree').addEventListener('click', (event) => {
      const pressed = event.target.closest('[data-act]')?.dataset.act;
      if (pressed) act(pressed);
      else if (event.target.closest('.mark') && this.current) act(isYes(this.current) ? 'x' : 'a');
    });
  }

  get current() { return this.rows.current?.node ?? null; }

  /** Show marks, the cursor on the label *code*; others: readings of other people beside them. */
  show(marks, code, others = []) {
    this.marks = marks;
    this.others = others;
    const rows = rowsOf(marks);
    const wanted = rows.some(({ key }) => key === code) ? code : rows[0]?.key;
    this.shown = wanted ?? null;
    this.rows.show(rows, wanted);
    byId('colhead').hidden = !others.length;
    byId('colhead').replaceChildren(make('span', { class: 'grow' }, 'yours'), ...others.map(({ person }) => make('span', { class: 'whose' }, foreign(person))), make('span', { class: 'model' }, 'model'));
    if (wanted) this.rows.pickKey(wanted, false);
    this.moved(this.current, true);
  }

  pick(code) { if (code) this.rows.pickKey(code); }

  focus() { byId(byId('tree').hidden ? 'blind' : 'tree').focus({ preventScroll: true }); }

  #moved() {
    const before = this.shown;
    this.shown = this.rows.current?.key ?? null;
    if (before === this.shown) return;
    for (const key of [before, this.shown]) {
      const element = this.rows.element(key);
      const row = this.rows.rows.find((each) => each.key === key);
      if (element && row) { element.replaceChildren(); this.#fill(element, row); }
    }
    this.rows.element(this.shown)?.scrollIntoView({ block: 'nearest' });
    this.moved(this.current, true);
  }

  #fill(element, { key, node }) {
    const word = wordOf(this.marks, node);
    const [, kind] = MARKS[node.mark];
    element.classList.toggle('no', node.mark === 'rejected' || node.mark === 'with_parent');
    element.append(
      markOf(node.mark),
      make('span', { class: 'label' }, foreign(node.name, { class: 'name' }), codeOf(node) ? make('span', { class: 'code' }, node.label) : null,
        word ? make('span', { class: `say ${kind}` }, word) : make('span', { class: 'sr' }, `, ${MARKS[node.mark][2]}`)),
      ...this.others.map(({ person, marks }) => make('span', { class: 'other' }, markOf(marks[key] ?? 'undecided', person))),
      ...score(node),
    );
    if (key === this.shown) element.append(this.#details(node));
  }

  #details(node) {
    const nodes = this.marks.nodes;
    const through = nodes.get(node.through);
    const words = strongest(node.words ?? [], through?.score ?? node.score ?? 0, 4, 3).filter(({ points }) => Math.abs(points) >= 0.05);
    const list = (chosen, against) => make('dd', {}, ...chosen.map(({ word, points }) => make('span', { class: against ? 'against' : null }, make('b', {}, foreign(word)), ' ', make('span', { class: 'faint' }, signed(Math.abs(points)).slice(1)))));
    const line = (title, chosen, against) => (chosen.length ? [make('dt', {}, title), list(chosen, against)] : []);
    const elsewhere = node.parents.filter((code) => nodes.has(code) && code !== parentOf(this.marks, node)?.label);
    const facts = [
      ...line(through ? 'Spoke for what is below' : 'Spoke for it', words.filter(({ effect }) => effect > 0), false),
      ...line('Against', words.filter(({ effect }) => effect < 0).reverse(), true),
      ...elsewhere.length ? [make('dt', {}, 'Also under'), make('dd', {}, ...elsewhere.map((code) => foreign(nodes.get(code).name)))] : [],
      ...node.runners_up?.length ? [make('dt', {}, 'Runners-up'), make('dd', { class: 'rivals' }, ...node.runners_up.slice(0, 3).map(rival))] : [],
    ];
    return make('div', { class: 'why' }, facts.length ? make('dl', {}, ...facts) : null,
      make('div', { class: 'acts' }, ...ACTS.map(([key, text]) => button(key, text))));
  }
}

function score(node) {
  if (node.score === null || node.score === undefined) return [];
  return [meter(node.score, node.threshold ?? null), make('span', { class: 'pct' }, percent(node.score))];
}

const button = (key, text, attributes = {}) => make('button', { class: 'btn small', type: 'button', tabindex: '-1', 'data-act': key, ...attributes }, text, ' ', make('kbd', {}, key));

function rival({ name, score: value, threshold }, at) {
  return make('div', { class: 'rival' },
    make('button', { type: 'button', tabindex: '-1', 'data-act': String(at + 1) }, make('kbd', {}, String(at + 1)), ' ', foreign(name)),
    meter(value, threshold ?? null), make('span', { class: 'pct' }, percent(value)));
}

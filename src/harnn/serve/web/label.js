/* The page of one label: where it stands, what it is called and means, what the model knows of it. */

import { ask, counted, foreign, make, number, percent, whenSlow, whoIsHere } from './frame.js';
import { useOf } from './label-use.js';
import { codeOf, describe } from './names.js';

const LINES = 200; // of children at once
const WAYS = 2; // to a label that are shown

export class LabelPage {
  /** follow: shows another label. */
  constructor(box, model, names, follow) {
    Object.assign(this, { box, model, names, follow, code: null });
  }

  /** Show nothing but a sentence. */
  clear(sentence) {
    this.code = null;
    this.box.replaceChildren(make('p', { class: 'wait' }, foreign(sentence)));
    document.title = 'Taxonomy · harnn';
  }

  address(code) { return `/taxonomy?${new URLSearchParams({ model: this.model.name, label: code })}`; }

  /** Show a label, and return it; null: another one was asked for meanwhile. */
  async show(code, focus) {
    this.code = code;
    const wait = (busy) => busy && this.box.replaceChildren(make('p', { class: 'wait' }, 'Loading the label'));
    try {
      return await whenSlow(wait, () => this.#load(code, focus));
    } catch (error) {
      if (this.code === code) this.code = null;
      throw error;
    }
  }

  async #load(code, focus) {
    const query = new URLSearchParams({ model: this.model.name, label: code });
    const label = await ask('GET', `/v1/label?${query}`);
    const [parents, children, use] = await Promise.all([
      this.#parents(label),
      label.children ? this.#children(label, 0) : null,
      whoIsHere()?.review ? useOf(this.model, label).catch(() => []) : [], // the page does without
    ]);
    await this.names.learn(parents.flatMap(({ path }) => path));
    if (this.code !== code) return null;
    this.names.note([label]);
    document.title = `${label.name} · harnn`;
    const heading = make('h1', { tabindex: '-1' }, foreign(label.name), codeOf(label) ? make('span', { class: 'code' }, ` ${label.label}`) : null);
    this.box.replaceChildren(
      make('ul', { class: 'parents', 'aria-label': label.parents.length > 1 ? 'Parents' : 'Parent' }, ...this.#ways(parents.map(({ path }) => path))),
      heading, ...this.#words(label), this.#facts(label), ...children ? [this.#table(label, children)] : [], ...this.#takenFor(label), ...use,
    );
    if (focus) heading.focus();
    return label;
  }

  async #parents({ parents }) {
    const found = [];
    for (let at = 0; at < parents.length; at += 50) found.push(...await describe(this.model.name, parents.slice(at, at + 50)));
    return found;
  }

  async #children({ label }, offset) {
    const query = new URLSearchParams({ model: this.model.name, parent: label, offset, limit: LINES });
    const answer = await ask('GET', `/v1/taxonomy?${query}`);
    this.names.note(answer.labels);
    return answer;
  }

  #link(code, name = this.names.of(code)) {
    return make('a', { href: this.address(code), onclick: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.follow(code);
    } }, foreign(name));
  }

  /** The ways to a label, a line each; of more than two the others unfold. */
  #ways(paths) {
    const lines = paths.map((path) => make('li', {}, ...this.#way(path)));
    if (lines.length <= WAYS) return lines;
    const [first, ...others] = lines;
    return [first, make('li', {}, make('details', {}, make('summary', {}, `and ${number(others.length)} more ways`), make('ul', {}, ...others)))];
  }

  #way(path) {
    return path.flatMap((code, at) => (at ? [make('span', { class: 'sep', 'aria-hidden': 'true' }, ' › '), this.#link(code)] : [this.#link(code)]));
  }

  #words({ description, alternatives, notation, iri }) {
    const lines = [];
    if (description) lines.push(make('p', { class: 'lead' }, foreign(description)));
    if (alternatives) lines.push(make('p', { class: 'small soft' }, 'Also called: ', ...alternatives.flatMap((name, at) => [at ? ', ' : '', foreign(name)])));
    const more = [notation && `Notation ${notation}`, iri].filter(Boolean);
    if (more.length) lines.push(make('p', { class: 'small faint' }, foreign(more.join(' · '))));
    return lines;
  }

  #facts(label) {
    const level = this.model.levels[label.level - 1];
    const documents = counted(this.model.validation.documents, 'validation document');
    const { hits, given, true: known, f1, low, high } = label.validation ?? {};
    const facts = [
      ...label.validation ? [
        ['F1 on validation', f1.toFixed(2), `${low.toFixed(2)} to ${high.toFixed(2)}`],
        ['Precision', given ? (hits / given).toFixed(2) : '–', `of ${number(given)} given`],
        ['Recall', known ? (hits / known).toFixed(2) : '–', `of ${number(known)} true`],
      ] : [['F1 on validation', '–', `neither given nor true in ${documents}, or not kept`]],
      [`F1 of level ${label.level}`, level.micro_f1.toFixed(2), `micro, ${level.name === String(label.level) ? '' : `${level.name}, `}${counted(level.labels, 'label')}`],
      ['Training documents', number(label.documents), label.children ? 'with those of labels below it' : ''],
      ['Threshold', label.threshold === null ? '–' : percent(label.threshold), label.threshold === null ? `given: ${this.model.decoding}` : 'of the score, tuned on validation'],
    ];
    return make('dl', { class: 'facts' }, ...facts.map(([name, value, small]) => make('div', {}, make('dt', {}, name), make('dd', {}, value, small ? make('small', {}, foreign(small)) : null))));
  }

  #table(label, first) {
    const body = make('tbody');
    const add = ({ labels }) => body.append(...labels.map((child) => make('tr', {},
      make('th', { scope: 'row' }, this.#link(child.label), codeOf(child) ? make('span', { class: 'code' }, ` ${child.label}`) : null),
      make('td', { class: 'num' }, child.children ? number(child.children) : ''),
      make('td', { class: 'num' }, number(child.documents)),
      ...this.#quality(child.validation))));
    add(first);
    const left = () => first.total - body.children.length;
    const button = make('button', { class: 'btn small', type: 'button', hidden: left() <= 0, onclick: async () => {
      button.disabled = true;
      try {
        add(await this.#children(label, body.children.length));
        button.textContent = `Show more of ${number(left())}`;
        button.hidden = left() <= 0;
      } catch (error) {
        button.textContent = `${error.message} Try again`;
      }
      button.disabled = false;
    } }, `Show more of ${number(left())}`);
    const head = make('tr', {}, make('th', { scope: 'col' }, 'Label'), make('th', { scope: 'col', class: 'num' }, 'Children'), make('th', { scope: 'col', class: 'num' }, 'Training documents'), make('th', { scope: 'col', class: 'num' }, 'F1'), make('th', { scope: 'col' }, '95% interval'));
    return make('section', {}, make('h2', {}, 'Children'), make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Children' }, make('table', {}, make('thead', {}, head), body)), button);
  }

  /** F1 on the validation documents and its interval, as cells. */
  #quality(found) {
    if (!found) return [make('td', { class: 'num' }, '–'), make('td', { class: 'small faint' }, 'not in validation')];
    const { f1, low, high } = found;
    const range = `${low.toFixed(2)} to ${high.toFixed(2)}`;
    const line = make('span', { class: 'range', 'aria-hidden': 'true' }, make('i'), make('b'));
    for (const [name, value] of Object.entries({ low, high, at: f1 })) line.style.setProperty(`--${name}`, value);
    return [make('td', { class: 'num' }, f1.toFixed(2)), make('td', { title: range }, line, make('span', { class: 'sr' }, range))];
  }

  /** The siblings that were given where this label was missed. */
  #takenFor({ taken_for: found }) {
    if (!found.length) return [];
    const head = make('tr', {}, make('th', { scope: 'col' }, 'Given instead of it'), make('th', { scope: 'col', class: 'num' }, 'Times'));
    const rows = found.map(({ label, name, documents }) => make('tr', {}, make('th', { scope: 'row' }, this.#link(label, name)), make('td', { class: 'num' }, number(documents))));
    return [make('section', {}, make('h2', {}, 'Confused with', make('small', {}, ' on validation')), make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Confused with' }, make('table', {}, make('thead', {}, head), make('tbody', {}, ...rows))))];
  }
}

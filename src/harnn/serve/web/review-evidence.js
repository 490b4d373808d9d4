/* Shared evidence: every document in which a word spoke for a label, grouped by the words nearby;
   one decision a group, one undo. */

import { ask, byId, counted, foreign, icon, make, number, percent, refusal, say, whenSlow } from './frame.js';

const LINES = 6; // of a group, shown at once

export class Evidence {
  /** done: tells that documents were decided; unseen from here: the queue, which is to be asked again. */
  constructor(model, { done }) {
    this.model = model;
    this.done = done;
    this.box = byId('evidence');
    this.entry = null;
    this.groups = []; // {group, element, ticks, decided: {id, count, word} or null}
    this.at = 0;
    this.undoable = [];
  }

  /** Show the documents that share a word. */
  async show(entry) {
    this.entry = entry;
    const mine = entry;
    const wait = (busy) => { if (busy && mine === this.entry) this.box.replaceChildren(make('p', { class: 'wait' }, 'Loading the documents')); };
    try {
      const found = await whenSlow(wait, () => ask('GET', `/v1/review/evidence/${encodeURIComponent(entry.key)}?${this.#query()}`));
      if (mine === this.entry) this.#show(found);
    } catch (error) {
      if (mine === this.entry) this.box.replaceChildren(refusal(error, 'Nothing was decided.', () => this.show(entry)));
    }
  }

  /** Do what a key does; tells whether it is one of this screen. */
  press(key) {
    const acts = {
      a: () => this.#decide(this.groups[this.at], 'accept'),
      x: () => this.#decide(this.groups[this.at], 'reject'),
      u: () => this.undo(),
      ArrowDown: () => this.#go(this.at + 1),
      ArrowUp: () => this.#go(this.at - 1),
    };
    if (!acts[key] || !this.groups.length) return false;
    acts[key]();
    return true;
  }

  #query() { return new URLSearchParams({ model: this.model }); }

  #show({ word, name, groups }) {
    const documents = groups.reduce((sum, { lines }) => sum + lines.length, 0);
    this.groups = groups.map((group) => ({ group, element: make('section', { class: 'card cluster', tabindex: '-1' }), ticks: new Set(group.lines.map(({ item }) => item)), all: false, decided: null }));
    this.box.replaceChildren(make('div', { class: 'sheet' },
      make('h2', { class: 'large' }, foreign(`“${word}”`), ' spoke for ', foreign(name), ` in ${counted(documents, 'document')}`),
      make('p', { class: 'soft' }, 'Grouped by the words that stand near. Untick what does not belong, then decide a whole group at once: each document keeps its own entry in the log, and one undo takes the group back.'),
      make('div', { id: 'evidence-trouble' }),
      ...this.groups.map(({ element }) => element)));
    for (const each of this.groups) {
      this.#draw(each);
      each.element.addEventListener('focusin', () => { this.at = this.groups.indexOf(each); this.#mark(); });
    }
    this.at = 0;
    this.#mark();
    if (document.activeElement === document.body && groups.length) this.#go(0); // where it was is not shown any more
    say(`${counted(documents, 'document')} in ${counted(groups.length, 'group')}`);
  }

  #go(at) {
    this.at = Math.max(0, Math.min(this.groups.length - 1, at));
    this.groups[this.at].element.focus();
  }

  #mark() { this.groups.forEach(({ element }, at) => element.classList.toggle('here', at === this.at)); }

  #draw(each) {
    const { group, element, ticks, decided } = each;
    const near = group.near.length ? [', near: ', ...group.near.flatMap((word, at) => [at ? ', ' : '', foreign(word)])] : [];
    const heading = make('h3', {}, counted(group.lines.length, 'document'), ...near);
    element.setAttribute('aria-label', heading.textContent);
    const ends = decided
      ? [make('span', { class: 'tag ok' }, icon('check'), `${number(decided.count)} ${decided.word}`), this.#button('u', 'Undo', 'undo', () => this.undo(each))]
      : this.#choices(each);
    const shown = each.all ? group.lines : group.lines.slice(0, LINES);
    const more = group.lines.length - shown.length;
    element.replaceChildren(
      make('header', {}, heading, ...tag(group), make('span', { class: 'end' }, ...ends)),
      make('div', { class: 'scroll' }, make('table', { class: 'kwic' },
        make('thead', { class: 'sr' }, make('tr', {}, ...['Decide', 'Before', 'Word', 'After', 'Document'].map((text) => make('th', { scope: 'col' }, text)))),
        make('tbody', {}, ...shown.map((line) => this.#line(each, line))))),
      ...more ? [make('p', { class: 'more' }, make('button', { class: 'btn small', type: 'button', onclick: () => { each.all = true; this.#draw(each); } }, `${number(more)} more`))] : [],
      ...decided || !group.next_best.length ? [] : [make('footer', {}, make('span', {}, 'Next best for these documents: ', ...group.next_best.flatMap(({ name, score }, at) => [at ? ', ' : '', make('b', {}, foreign(name)), ` ${percent(score)}`])),
        make('span', { class: 'end' }, make('button', { class: 'btn small', type: 'button', onclick: () => this.#decide(each, 'instead', group.next_best[0]) }, make('span', {}, 'Take ', foreign(group.next_best[0].name), ` instead in ${number(ticks.size)}`))))],
    );
  }

  /** Return the buttons of a group; that of what others decided comes last. */
  #choices(each) {
    const { group, ticks } = each;
    const accept = this.#button('a', `Accept ${number(ticks.size)}`, 'check', () => this.#decide(each, 'accept'), 'yes');
    const reject = this.#button('x', `Reject ${number(ticks.size)}`, 'x', () => this.#decide(each, 'reject'), 'nope');
    for (const button of [accept, reject]) button.disabled = !ticks.size;
    return group.of && group.agreed < group.of / 2 ? [accept, reject] : [reject, accept];
  }

  #button(key, text, sign, act, kind = '') {
    return make('button', { class: `btn ${kind}`, type: 'button', onclick: act }, icon(sign), text, ' ', make('kbd', {}, key));
  }

  #line(each, { item, before, word, after, title }) {
    const box = make('input', { type: 'checkbox', 'aria-label': title || String(item), disabled: each.decided !== null, onchange: () => {
      if (box.checked) each.ticks.add(item); else each.ticks.delete(item);
      this.#draw(each);
      each.element.querySelector(`[data-item="${item}"]`).focus();
    } });
    box.dataset.item = item;
    box.checked = each.ticks.has(item);
    return make('tr', {}, make('td', { class: 'pick' }, box), make('td', { class: 'l' }, foreign(before)), make('td', { class: 'kw' }, make('b', {}, foreign(word))),
      make('td', { class: 'r' }, foreign(after)), make('td', { class: 'path' }, foreign(title)));
  }

  /** Decide the ticked documents of a group; other: the label to take instead. */
  async #decide(each, action, other = null) {
    if (each.decided || !each.ticks.size) return;
    const items = each.group.lines.filter(({ item }) => each.ticks.has(item)).map(({ item, version }) => ({ item, version }));
    try {
      const body = { action, items, ...other && { other: other.label } };
      const { group, decided, refused } = await ask('POST', `/v1/review/evidence/${encodeURIComponent(this.entry.key)}?${this.#query()}`, body);
      const count = decided.length;
      const word = { accept: 'accepted', reject: 'rejected', instead: 'with the other label' }[action];
      if (count) {
        each.decided = { group, count, word };
        this.undoable.push(each);
      }
      this.#draw(each);
      this.#trouble(refused.map(({ item, why }) => [each.group.lines.find((line) => line.item === item)?.title ?? String(item), why]));
      say(`${counted(count, 'document')} ${word}. u takes it back.`);
      const next = this.groups.findIndex(({ decided: known }) => !known);
      this.#go(next < 0 ? this.groups.indexOf(each) : next);
      this.done();
    } catch (error) {
      byId('evidence-trouble').replaceChildren(refusal(error, 'Nothing was decided.'));
    }
  }

  #trouble(refused) {
    byId('evidence-trouble').replaceChildren(...refused.length ? [make('div', { class: 'note', role: 'alert' }, make('div', {}, `${counted(refused.length, 'document was', 'documents were')} left out:`,
      make('ul', {}, ...refused.map(([title, why]) => make('li', {}, foreign(title), ': ', foreign(why))))))] : []);
  }

  /** Take back a group, else the last one that was decided. */
  async undo(each = this.undoable.at(-1)) {
    if (!each?.decided) { say('There is nothing to undo.'); return; }
    try {
      await ask('POST', `/v1/review/groups/${encodeURIComponent(each.decided.group)}/undo?${this.#query()}`);
      this.undoable = this.undoable.filter((other) => other !== each);
      say(`${counted(each.decided.count, 'document')}: undone.`);
      this.done();
      await this.show(this.entry); // the versions have changed
    } catch (error) {
      byId('evidence-trouble').replaceChildren(refusal(error, 'The decision stands.'));
    }
  }
}

/** Say how often people who read such documents kept the label. */
function tag({ agreed, of }) {
  if (!of) return [];
  const isRight = agreed >= of / 2;
  const text = isRight ? `reviewers agreed in ${number(agreed)} of ${number(of)}` : `reviewers rejected ${number(of - agreed)} of ${number(of)}`;
  return [make('span', { class: `tag ${isRight ? 'ok' : 'no'}` }, icon(isRight ? 'check' : 'x'), text)];
}

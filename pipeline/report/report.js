"use strict";
// Filters, sorts and copies; the page is whole without it. Texts of the page and of the address only ever become the values of form
// fields, text nodes, and what is compared: never markup.
(() => {
  const $ = id => document.getElementById(id), form = $("filter");
  if (!form) return;
  const all = [...document.querySelectorAll("#list li[data-kind], #list li[data-incident]")].map((el, n) => ({el, n, d: el.dataset, kids: [], text: ""}));
  const items = all.filter(i => i.d.kind), by = new Map(all.map(i => [i.el, i])), tops = [];
  for (const i of all) (by.get(i.el.parentElement.closest("li"))?.kids ?? tops).push(i);
  const fields = ["q", "account", "principal", "api", "kind", "change", "min", "sort"];
  const value = f => form.elements[f].value.trim();

  const fill = (into, get) => {
    for (const v of [...new Set(items.map(i => get(i.d)))].sort()) if (v) into.append(new Option(v, v));
  };
  fill(form.elements.account, d => d.account);
  fill(form.elements.kind, d => d.kind);
  fill(form.elements.change, d => d.change);
  fill($("apis"), d => d.api);
  fill($("principals"), d => d.principal);

  const order = {
    severity: (a, b) => a.n - b.n,
    time: (a, b) => b.d.time - a.d.time || a.n - b.n,
    account: (a, b) => (a.d.account > b.d.account) - (a.d.account < b.d.account) || a.n - b.n,
  };
  let sorted = "severity";
  const apply = () => {
    const v = Object.fromEntries(fields.map(f => [f, value(f)]));
    const has = (s, part) => !part || s.toLowerCase().includes(part.toLowerCase());
    let shown = 0;
    const some = fields.some(f => f !== "sort" && v[f]);
    const hits = (i, within) => {
      if (i.d.incident === "") { // one whose own words are asked for is shown with all its insights
        if (v.q && !i.text) i.text = i.el.querySelector("summary").textContent.toLowerCase() + i.el.firstElementChild.id;
        const all = !!v.q && i.text.includes(v.q.toLowerCase()), any = i.kids.map(k => hits(k, all)).includes(true);
        if (some && any) i.el.firstElementChild.open = true;
        return !(i.el.hidden = !any && some);
      }
      if (v.q && !i.text) i.text = i.el.querySelector("details").textContent.toLowerCase();
      const hit = (!v.account || i.d.account === v.account) && (!v.kind || i.d.kind === v.kind) && (!v.change || i.d.change === v.change) &&
        !(+i.d.severity < +v.min) && has(i.d.principal, v.principal) && has(i.d.api, v.api) && (!v.q || within || i.text.includes(v.q.toLowerCase()));
      shown += hit;
      const kids = i.kids.map(k => hits(k, within));
      return !(i.el.hidden = !hit && !kids.includes(true));
    };
    tops.forEach(i => hits(i, false));
    if (v.sort !== sorted && order[v.sort]) {
      $("list").append(...tops.toSorted(order[sorted = v.sort]).map(i => i.el));
    }
    $("shown").textContent = shown === items.length ? `All ${shown} insights.` : `${shown} of ${items.length} insights.`;
  };

  const write = () => {
    const p = new URLSearchParams();
    for (const f of fields) if (value(f) && !(f === "sort" && value(f) === "severity")) p.set(f, value(f));
    history.replaceState(null, "", "#" + p);
  };
  const show = el => {
    for (let e = el; e; e = e.parentElement) { e.hidden = false; if (e.localName === "details") e.open = true; }
    el.scrollIntoView();
    el.querySelector("summary")?.focus({preventScroll: true});
  };
  const read = () => {
    const hash = location.hash.slice(1);
    const one = /^[ic]-/.test(hash) && all.find(i => i.el.firstElementChild.id === hash);
    if (one) return show(one.el.firstElementChild);
    if (hash && !hash.includes("=")) return;
    const p = new URLSearchParams(hash);
    for (const f of fields) {
      const e = form.elements[f];
      e.value = p.get(f) ?? "";
      if (e.selectedIndex === -1) e.selectedIndex = 0;
    }
    apply();
  };

  let waiting = 0;
  const changed = () => { clearTimeout(waiting); waiting = setTimeout(() => { apply(); write(); }, 60); };
  form.addEventListener("input", changed);
  form.addEventListener("submit", e => e.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  addEventListener("hashchange", read);
  $("open").addEventListener("click", () => {
    const list = all.filter(i => !i.el.hidden).map(i => i.el.firstElementChild), open = list.some(d => !d.open);
    for (const d of list) d.open = open;
  });

  document.addEventListener("click", async e => {
    const button = e.target.closest("button[data-copy]");
    if (!button) return;
    const pre = button.parentElement.nextElementSibling;
    let done = false;
    try { await navigator.clipboard.writeText(pre.textContent); done = true; } catch { // no clipboard where the page came without encryption
      getSelection().selectAllChildren(pre);
      try { done = document.execCommand("copy"); } catch { /* it stays selected */ }
    }
    button.textContent = done ? "Copied" : "Selected: press Ctrl+C";
    $("told").textContent = button.textContent;
    setTimeout(() => { button.textContent = "Copy"; $("told").textContent = ""; }, 2000);
  });

  document.documentElement.classList.add("js");
  apply();
  read();
})();

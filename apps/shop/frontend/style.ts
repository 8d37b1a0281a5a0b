/** The page's style. No fonts or images of others; colours with enough contrast on both grounds (WCAG AA). */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f7f5f0; --surface: #fff; --sunken: #efece4; --line: #dedacf;
  --ink: #1d2320; --soft: #59615c; --accent: #0d6b57; --on-accent: #fff; --tint: #dcebe5;
  --first: #0d6b57; --second: #b4531d; --failed: #a3262f; --failed-ground: #fbeceb;
  --shadow: 0 1px 2px rgb(29 35 32 / .06), 0 6px 20px rgb(29 35 32 / .06);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131715; --surface: #1b211e; --sunken: #232a27; --line: #343d39;
    --ink: #ecefed; --soft: #a9b4ae; --accent: #5fc9ac; --on-accent: #0c1512; --tint: #203a33;
    --first: #5fc9ac; --second: #f0a06a; --failed: #ff9a96; --failed-ground: #3a1f20;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
h1, h2, h3, p, ul, ol, dl, dd, fieldset { margin: 0; padding: 0; }
h2 { font-size: 1.35rem; line-height: 1.25; letter-spacing: -.015em; }
h3 { font-size: 1rem; line-height: 1.3; }
a { color: var(--accent); text-underline-offset: .2em; }
code { font: .86em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--surface); z-index: 1; }
.wide { max-width: 68rem; margin: 0 auto; padding-inline: 1.25rem; }

.top { border-bottom: 1px solid var(--line); background: var(--surface); }
.top .wide { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.5rem; min-height: 4rem; padding-block: .75rem; }
.brand { display: flex; align-items: center; gap: .65rem; font-weight: 700; letter-spacing: -.01em; margin-right: auto; }
.brand svg { width: 1.9rem; height: 1.9rem; }
.top nav { display: flex; gap: 1.25rem; }
.top nav a { color: var(--soft); text-decoration: none; padding: .35rem 0; }
.top nav a:hover { color: var(--ink); text-decoration: underline; }

main { display: grid; gap: 3.25rem; padding-block: 2.75rem 4rem; }
.intro h1 { font-size: clamp(1.9rem, 1.3rem + 2.6vw, 2.9rem); line-height: 1.1; letter-spacing: -.03em; }
.intro p { color: var(--soft); max-width: 38rem; margin-top: .65rem; font-size: 1.06rem; }
.head { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .25rem 1rem; margin-bottom: 1.1rem; }
.head p { color: var(--soft); }

.products { list-style: none; display: grid; gap: 1.1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); }
.product { background: var(--surface); border: 1px solid var(--line); border-radius: 14px; overflow: hidden; box-shadow: var(--shadow); display: flex; flex-direction: column; }
.picture { background: var(--tint); display: grid; place-items: center; height: 10.5rem; }
.picture svg { width: 8.5rem; height: 8.5rem; fill: none; stroke: var(--accent); stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round; }
.picture .fill { fill: var(--surface); }
.picture .faint { opacity: .55; }
.product div:last-child { padding: 1rem 1.15rem 1.15rem; display: grid; grid-template-columns: 1fr auto; gap: .2rem .75rem; align-items: baseline; }
.product .price { font-weight: 650; font-variant-numeric: tabular-nums; }
.product p { grid-column: 1 / -1; color: var(--soft); font-size: .94rem; }

.hops { list-style: none; display: grid; gap: .75rem 2.25rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 14rem), 1fr)); }
.hop { position: relative; background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: .85rem 1rem; min-width: 0; }
.hop + .hop:not(.apart)::before { content: ""; position: absolute; right: calc(100% + .55rem); top: 50%; width: 1.15rem; height: 2px; background: var(--accent); }
.hop.gone { border-color: var(--failed); background: var(--failed-ground); }
.hop h3 { display: flex; justify-content: space-between; gap: .5rem; }
.badge { font-weight: 650; font-size: .8rem; background: var(--tint); color: var(--accent); border-radius: 99px; padding: .1rem .6rem; white-space: nowrap; }
.gone .badge { background: var(--failed); color: var(--ground); }
.hop code { display: block; color: var(--soft); overflow-wrap: anywhere; margin-top: .2rem; }

.alert { border: 1px solid var(--failed); border-left-width: 6px; background: var(--failed-ground); border-radius: 12px; padding: 1.25rem 1.4rem; }
.alert h3 { color: var(--failed); font-size: 1.12rem; }
.alert p { margin-top: .4rem; max-width: 46rem; }

.experiment { background: var(--surface); border: 1px solid var(--line); border-radius: 14px; padding: 1.35rem; box-shadow: var(--shadow); }
.experiment form { display: flex; flex-wrap: wrap; align-items: end; gap: 1rem; }
label { display: grid; gap: .25rem; font-size: .9rem; color: var(--soft); }
[hidden] { display: none !important; }
select, button { font: inherit; border-radius: 9px; min-height: 2.75rem; padding: 0 1rem; }
select { background: var(--ground); color: var(--ink); border: 1px solid var(--soft); }
button { background: var(--accent); color: var(--on-accent); border: 0; font-weight: 650; cursor: pointer; padding-inline: 1.35rem; }
button:disabled { opacity: .6; cursor: progress; }
.results { display: grid; gap: 1.5rem 2.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); margin-top: 1.6rem; }
.results h3 { color: var(--soft); font-weight: 600; }
.bars { list-style: none; display: grid; gap: .8rem; margin-top: .8rem; min-height: 3.4rem; align-content: start; color: var(--soft); }
.bar { display: grid; grid-template-columns: 1fr auto; gap: .25rem .75rem; color: var(--ink); }
.bar span { font-weight: 650; }
.bar output { font-variant-numeric: tabular-nums; color: var(--soft); }
.track { grid-column: 1 / -1; height: .8rem; border-radius: 99px; background: var(--sunken); overflow: hidden; }
.track i { display: block; height: 100%; width: 0; border-radius: 99px; background: var(--first); transition: width .15s; }
.bar.second i { background: var(--second); }
.bar.failed i { background: var(--failed); }
.note { color: var(--soft); font-size: .94rem; margin-top: 1.2rem; max-width: 46rem; }

footer { border-top: 1px solid var(--line); color: var(--soft); font-size: .94rem; }
footer .wide { padding-block: 1.5rem 2.5rem; display: flex; flex-wrap: wrap; gap: .4rem 1.5rem; }
@media (max-width: 46rem) { .hop + .hop:not(.apart)::before { right: auto; left: 1.6rem; top: -.75rem; width: 2px; height: .75rem; } main { gap: 2.5rem; padding-top: 2rem; } }
@media (prefers-reduced-motion: reduce) { * { scroll-behavior: auto !important; transition: none !important; } }
`;

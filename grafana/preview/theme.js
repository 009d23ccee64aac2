// SPDX-FileCopyrightText: The Lastchunk authors
// SPDX-License-Identifier: Apache-2.0
//
// The few styles that Grafana's pages give to everything.
export function setThemes({ colors, typography }) {
  const style = document.createElement("style");
  style.textContent = `
    * { box-sizing: border-box }
    body { margin: 0; background: ${colors.background.canvas}; color: ${colors.text.primary};
      font: ${typography.body.fontSize}/1.5 ${typography.fontFamily} }
    header { display: flex; gap: 20px; padding: 12px 16px; align-items: baseline }
    header > :not(i) { white-space: nowrap } header b { font-size: 18px } header i { margin-left: auto; font-size: 12px; color: ${colors.text.secondary} }
    .sr-only { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
    main { position: relative; margin: 0 12px } h2 { font-size: 16px; font-weight: 500; margin: 6px 0 }
    .text { padding: 8px; height: 100%; overflow: auto } .text td, .text th { padding: 2px 8px; text-align: left; vertical-align: top }
    .text p { margin: 0 0 16px } .text a { color: ${colors.text.link} } table { border-collapse: collapse } button { all: unset }`;
  document.head.append(style);
}

import { describe, expect, test } from "vitest";
import { html, trusted } from "../../../report/html.ts";

describe("a piece of HTML", () => {
  test("escapes what is put into it, in text and in attributes", () => {
    const bad = `"><script>alert('&')</script>`;
    expect(String(html`<a title="${bad}">${bad}</a>`)).toBe(
      '<a title="&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;">&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;</a>',
    );
  });

  test("takes pieces as they are, and lists of them", () => {
    expect(String(html`<ul>${["a", "<"].map((text) => html`<li>${text}</li>`)}${trusted("<hr>")}</ul>`)).toBe(
      "<ul><li>a</li><li>&lt;</li><hr></ul>",
    );
  });

  test("writes nothing for what is not there, and 0 for none", () => {
    expect(String(html`${undefined}${false}${0}${[]}`)).toBe("0");
  });
});

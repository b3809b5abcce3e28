"Settings of the site: notebooks in nbs/, pages in docs/ and the package become _docs/. `make docs` builds it."
import os, sys
from importlib.util import find_spec
docs = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [docs, os.path.dirname(docs)]
import book
from sphinx import highlighting

cfg, ROOT = book.cfg, book.ROOT
project, author, html_title, language = cfg['title'], cfg['author'], 'V-JEPA 2 as a book that runs', 'en'
project_copyright, version = cfg['copyright'], cfg['version']
extensions = ['myst_nb', 'sphinx.ext.autodoc', 'sphinx.ext.viewcode', 'sphinx.ext.githubpages', 'sphinx_copybutton']
suppress_warnings = ['ref.python'] # the type `object` is also the name of a field
nb_execution_mode, nb_ipywidgets_js, nb_merge_streams, nb_render_markdown_format = 'off', {}, True, 'myst'
myst_enable_extensions = ['dollarmath', 'amsmath', 'colon_fence', 'attrs_inline', 'attrs_block']
autodoc_default_options = {'members': True, 'undoc-members': True}
autodoc_member_order, autodoc_typehints, autodoc_preserve_defaults = 'bysource', 'description', True
autodoc_inherit_docstrings = add_module_names = False
mathjax_path = 'tex-svg-full.js' # one file, whose letters are drawings: it asks for no font

html_theme, html_favicon, html_show_sphinx, html_sourcelink_suffix = 'sphinx_book_theme', str(ROOT/'docs/icon.svg'), False, ''
html_static_path = [str(ROOT/'docs'/f) for f in ('site.css', 'plan.mp4')] + [
    os.path.join(*find_spec('sphinx-mathjax-offline').submodule_search_locations, 'static/mathjax', mathjax_path)]
html_css_files, html_domain_indices = ['site.css'], False
html_theme_options = dict(
    repository_url=cfg['git_url'], repository_branch=cfg['branch'], path_to_docs='nbs', use_repository_button=True,
    use_edit_page_button=True, use_download_button=True, use_fullscreen_button=False, home_page_in_toc=True,
    launch_buttons=dict(colab_url='https://colab.research.google.com'), navbar_persistent=[], show_navbar_depth=1,
    logo=dict(text=html_title, alt_text=f'{html_title}, first page'), article_header_end=['article-header-buttons.html'])

html_context = dict(default_mode='auto', edit=book.stage(), edit_page_provider_name='GitHub',
    edit_page_url_template=f"{cfg['git_url']}/edit/{cfg['branch']}/{{{{ edit[file_name] }}}}")

def setup(app):
    highlighting.PygmentsBridge.html_formatter = book.Lines
    app.connect('source-read', book.read_page)
    app.connect('autodoc-process-docstring', book.describe)
    app.connect('autodoc-skip-member', lambda app, what, name, obj, skip, options: # fields are in the list of parameters
                True if what == 'class' and not (callable(obj) or hasattr(obj, '__get__')) else None)

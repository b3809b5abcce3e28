"Put into .venv by tools/setup.sh: JupyterLab saves notebooks of this book as nbdev_clean leaves them, so that diffs are small."
def clean(model, path, contents_manager, **_):
    from pathlib import Path
    full = Path(contents_manager.root_dir)/path
    if model['type'] != 'notebook' or not any((o/'settings.ini').exists() for o in full.parents): return
    from nbdev.clean import clean_jupyter
    clean_jupyter(path=str(full), model=model)

c.ContentsManager.pre_save_hook = clean

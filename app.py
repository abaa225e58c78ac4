"""The web door: a chat beside a viewer, also the entry of a Hugging Face Space.

``python app.py`` serves the page to this machine alone (127.0.0.1); on a Space, where ``SPACE_ID``
is set, to the platform. The page speaks to its own server and to nothing else.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
import webbrowser
from typing import TYPE_CHECKING, Any

from radixgpt import settings as settings_of
from radixgpt.errors import RadixError
from ui import waiting

if TYPE_CHECKING:
    from ui.desk import Desks

_UPLOAD_LIMIT = "1gb"


def desks_for(settings: settings_of.Settings) -> Desks:
    """Desks whose sessions talk to the language model of the settings."""
    from agent.audit.recorder import Recorder
    from agent.session import Session
    from agent.state import Terms
    from ui.desk import Desks

    return Desks(
        lambda: Session(
            llm=settings.llm,
            llm_timeout=settings.llm_timeout,
            index=settings.index,
            captioner=(settings.captioner, settings.captioner_timeout),
            record=lambda: Recorder(words=settings.audit_words),
            terms=Terms(settings.llm_send_to, settings.llm_price_in, settings.llm_price_out),
        )
    )


def build(desks: Desks | None = None) -> Any:
    """The page as ``gr.Blocks``; see :func:`options` for what its ``launch`` needs.

    Raises:
        SettingsError: a setting is unknown or can't be used.
    """
    _prepare()
    from ui import layout

    return layout.build(desks if desks is not None else desks_for(settings_of.load()))


def options(desks: Desks) -> dict[str, Any]:
    """What ``launch`` needs: looks, limits, and the wire that serves slices and downloads."""
    from starlette.middleware import Middleware

    from ui import theme
    from ui.wire import Wire

    on_space = bool(os.environ.get("SPACE_ID"))
    framed_by = "'self' https://huggingface.co https://*.hf.space" if on_space else "'self'"
    return {
        "server_name": "0.0.0.0" if on_space else "127.0.0.1",  # noqa: S104 the platform's demand
        "share": False,
        "quiet": True,  # its own words speak of a public link, which there is none of
        "allowed_paths": [],
        "max_file_size": _UPLOAD_LIMIT,
        "show_error": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
        "enable_monitoring": False,
        "run_history": False,
        "footer_links": [],
        "theme": theme.theme(),
        "css": theme.css(),
        "app_kwargs": {
            "middleware": [Middleware(Wire, desks=desks, framed_by=framed_by)],
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
        },
    }


def main(*, port: int | None = None, browser: bool = False) -> None:
    """Serve the page until interrupted.

    Args:
        port: port of the page; the next free one from 7860 on otherwise.
        browser: open it in the browser, where a sheet says what is coming until the page is there.

    Raises:
        SettingsError: a setting is unknown or can't be used, or the port is taken.
    """
    settings = settings_of.load()
    signal.signal(signal.SIGTERM, _end)
    if os.environ.get("SPACE_ID"):  # the platform takes the first answer for the page
        desks = desks_for(settings)
        _launch(build(desks), desks, port)
        return
    with waiting.sheet(port) as bound:
        if browser:
            webbrowser.open(f"http://{waiting.HOST}:{bound}")
        desks = desks_for(settings)
        page = build(desks)
    _launch(page, desks, bound)


def _end(number: int, _: Any) -> None:
    """End as at Ctrl-C where a service is told to stop, so that no file is left behind."""
    sys.exit(128 + number)


def _launch(page: Any, desks: Desks, port: int | None) -> None:
    try:
        _, address, _ = page.launch(server_port=port, prevent_thread_lock=True, **options(desks))
        sys.stdout.write(f"The page is at {address.rstrip('/')} (Ctrl-C ends it).\n")
        sys.stdout.flush()
        page.block_thread()
    except OSError as error:
        raise waiting.taken(port) from error
    finally:
        desks.close_all()


def _prepare() -> None:
    """What Gradio reads from the environment, before it is imported: silence and a private folder.

    Nothing the page does needs Gradio's folder of temporary files, but it must not be one that
    other users of the machine can read.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("LANGSMITH_TRACING", "false")
    if "GRADIO_TEMP_DIR" not in os.environ:
        folder = tempfile.mkdtemp(prefix="radixgpt-page-")
        os.environ["GRADIO_TEMP_DIR"] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except RadixError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:  # while it starts; later Gradio ends by itself
        sys.exit(130)

"""The page in a real browser, served by the real agent.

    python3 Tests/PageTests/page.py AGENT [--screenshots FOLDER] [NAME…]
    python3 Tests/PageTests/page.py AGENT --measure

Names choose tests; without any, all run. What fails is told, and the exit status is 1. Measuring tests nothing: it tells
how much the page weighs, how soon and how fast it draws, and what it costs the agent; on a machine that is busy with
something else the times are that machine's.
"""

import contextlib
import os
import shutil
import statistics
import sys
import time
import traceback

# Nothing is left in the folder of the sources.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import Agent, Wire, machine_with_process_named  # noqa: E402
from browser import Browser, Failure  # noqa: E402

PROGRAM = None
SCREENSHOTS = None
READY = "document.querySelector('#panel-agent:not([hidden])') && agentPage.store.tail.length > 0"
PAGE = "globalThis.agentPage && "

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "accessibility.js"), encoding="utf-8") as file:
    ACCESSIBILITY = file.read()


def check(condition, what):
    if not condition:
        raise Failure(what)


@contextlib.contextmanager
def running(*arguments, **options):
    agent = Agent(PROGRAM, *arguments, **options)
    try:
        yield agent
    finally:
        agent.kill()


def load(browser, port, fragment=""):
    """Opens the page and waits until it shows a sample."""
    browser.open(f"http://127.0.0.1:{port}/ui/{fragment}")
    browser.wait(PAGE + READY, "the page shows a sample")


def check_quiet(browser, is_cut=False):
    """Nothing in the console; a connection that was cut on purpose may be told of."""
    told = [one for one in browser.complaints() if not (is_cut and ("net::ERR_" in one))]
    check(not told, f"the console tells: {told}")


def plot_box(browser, panel="panel-cpu"):
    """Left, top, width and height of the first chart of a panel, and how far its axis reaches in."""
    browser.evaluate(f"document.querySelector('#{panel} .plot').scrollIntoView({{ block: 'center' }})")
    return browser.evaluate(
        f"(() => {{ const box = document.querySelector('#{panel} .plot').getBoundingClientRect();"
        " return [box.left, box.top, box.width, box.height]; })()")


def point(browser, share, panel="panel-cpu"):
    """A place in the first chart of a panel: the share of the way from its axis to its right edge."""
    left, top, width, height = plot_box(browser, panel)
    axis = 40
    return left + axis + (width - axis) * share, top + height / 2


def text(browser, selector):
    return browser.evaluate(f"document.querySelector({selector!r})?.textContent")


# MARK: Tests


def test_draws_live_data(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        check(browser.evaluate("document.querySelectorAll('.card:not([hidden])').length") >= 9, "panels are missing")
        check(text(browser, "#hostname") == "demo" and browser.evaluate("!document.querySelector('#demo').hidden"),
              "the demo machine is not marked")
        browser.wait("/^\\d+(\\.\\d)?% · demo$/.test(document.title)", "the title tells the load")
        browser.wait("document.querySelector('#icon').href.includes('/favicon-')", "the icon shows the load")
        first = browser.evaluate("document.querySelector('#moment').dataset.time")
        browser.wait(f"document.querySelector('#moment').dataset.time > '{first}'", "a newer sample is shown")
        browser.wait("agentPage.store.tail.length >= 3", "three samples came")
        inked = """(() => { const canvas = document.querySelector('#panel-cpu canvas');
            const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            const colors = new Set();
            for (let i = 0; i < bytes.length; i += 4) if (bytes[i + 3] > 100) colors.add(bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2]);
            return colors.size; })()"""
        browser.wait(f"{inked} > 3", "the chart is drawn")
        sharp = "(() => { const c = document.querySelector('#panel-cpu canvas'); return [c.width, c.clientWidth * devicePixelRatio]; })()"
        width, wanted = browser.evaluate(sharp)
        check(abs(width - wanted) <= 1, f"the canvas has {width} pixels for {wanted}")
        check(browser.evaluate("!/undefined|NaN|null|\\[object/.test(document.body.innerText)"), "a figure is not told as one")
        # The figures are the agent's own.
        browser.evaluate("agentPage.stream.controller.abort()")
        sample = agent.get(f"/metrics/at?time={browser.evaluate('agentPage.store.now')}")
        check(text(browser, "#panel-gpu h2") == f"{len(sample['gpus'])} GPUs", "the number of GPUs")
        check(browser.evaluate("document.querySelectorAll('.tile').length") == len(sample["gpus"]), "a tile for each GPU")
        check(browser.evaluate("document.querySelectorAll('#panel-filesystems li').length") == len(sample["filesystems"]), "the filesystems")
        check_quiet(browser)


def test_asks_no_other_host(browser):
    with running("--demo", "--interval", "1") as agent:
        browser.events.clear()
        load(browser, agent.port)
        browser.wait("agentPage.store.tail.length >= 2", "samples come")
        foreign = [url for url in browser.requests()
                   if not url.startswith((f"http://127.0.0.1:{agent.port}/", "about:"))]
        check(not foreign, f"requests elsewhere: {foreign}")
        check(browser.evaluate("document.cookie") == "", "there is a cookie")


def test_pointer_is_shared(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("agentPage.store.tail.length >= 3", "samples come")
        x, y = point(browser, 0.98)
        browser.mouse("mouseMoved", x, y)
        browser.wait("document.querySelectorAll('.pointer:not([hidden])').length > 5", "all charts show the pointer")
        check(browser.evaluate("document.querySelectorAll('.clock:not([hidden])').length") == 1, "one chart shows the time")
        browser.mouse("mouseMoved", 2, 2)
        browser.wait("document.querySelectorAll('.pointer:not([hidden])').length === 0", "the pointer goes away")
        check_quiet(browser)


def test_zooms(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port, "#range=5m")
        x, y = point(browser, 0.4)
        start = browser.evaluate("agentPage.view.time ?? agentPage.view.window")
        left, right = point(browser, 0.3)[0], point(browser, 0.6)[0]
        browser.drag(left, right, y)
        browser.wait("Math.abs(agentPage.view.length - 90) < 20", "dragging zooms to what was dragged over")
        browser.wait("/^#range=\\d+s&to=/.test(location.hash)", "the address tells the window")
        window = browser.evaluate("agentPage.view.window")
        check(window["from"] > start["from"] and window["to"] < start["to"], f"{window} is not inside {start}")
        browser.click(x, y, count=2)
        browser.wait("agentPage.view.length === 300 && agentPage.view.isLive", "double-click goes back")
        browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-240, modifiers=2)
        browser.wait("agentPage.view.length < 290", "the wheel with Ctrl zooms")
        browser.key("l")
        browser.evaluate("agentPage.view.choose(300)")
        browser.key("+")
        browser.wait("agentPage.view.length === 150", "the key + zooms")
        browser.key("-")
        browser.wait("agentPage.view.length === 300", "the key - zooms out")
        before = browser.evaluate("agentPage.view.window.to")
        browser.mouse("mouseWheel", x, y, deltaX=-200, deltaY=0)
        browser.wait(f"agentPage.view.window.to < {before}", "the wheel sideways pans")
        browser.key("l")
        browser.wait("agentPage.view.isLive", "the key L follows again")
        check_quiet(browser)


def test_touch(browser):
    with running("--demo", "--interval", "1") as agent:
        browser.size(360, 740, scale=2, is_phone=True)
        load(browser, agent.port, "#range=5m")
        x, y = point(browser, 0.5)

        def touch(kind, *places):
            browser.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": px, "y": y, "id": n} for n, px in enumerate(places)])

        touch("touchStart", x)
        for step in range(1, 9):
            touch("touchMove", x + step * 10)
        touch("touchEnd")
        browser.wait("agentPage.view.to !== null", "one finger pans")
        touch("touchStart", x - 20, x + 20)
        for step in range(1, 9):
            touch("touchMove", x - 20 - step * 5, x + 20 + step * 5)
        touch("touchEnd")
        browser.wait("agentPage.view.length < 200", "two fingers zoom")
        browser.size(1280, 900)
        check_quiet(browser)


def test_travels_to_the_past(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port, "#range=5m")
        # The demo machine has a past.
        moment = browser.evaluate("agentPage.store.now - 60")
        browser.evaluate(f"agentPage.view.zoom({moment} - 8, {moment} + 12)")
        browser.wait(f"agentPage.store.nearest({moment}) === {moment}", "its figures come")
        x, y = point(browser, 8 / 20)
        browser.click(x, y)
        browser.wait("document.body.dataset.past === 'true'", "a click travels")
        at = browser.evaluate("agentPage.view.at")
        check(abs(at - moment) <= 1, f"{at} is not where was clicked, {moment}")
        sample = agent.get(f"/metrics/at?time={at}")
        browser.wait(f"document.querySelector('#moment').dataset.time === '{sample['timestamp']}'", "the panels show that moment")
        told = f"{sample['cpu']['usage'] * 100:.0f}%"
        check(text(browser, "#panel-cpu .big") == told, f"CPU {text(browser, '#panel-cpu .big')} is not {told}")
        rows = browser.evaluate("[...document.querySelectorAll('#panel-processes tbody tr')].map((row) => row.firstChild.textContent)")
        check(set(rows) >= {str(one["pid"]) for one in sample["processes"]["top"]}, f"the processes of then are not {rows}")
        wait_for_address = "location.hash.includes('&at=')"
        browser.wait(wait_for_address, "the address tells the moment")
        address = browser.evaluate("location.href")
        # It stays that moment while new samples come.
        browser.wait(f"agentPage.store.now > {browser.evaluate('agentPage.store.now')} + 1", "samples come on")
        check(browser.evaluate("document.querySelector('#moment').dataset.time") == sample["timestamp"], "the moment moved")
        browser.key("ArrowRight")
        browser.wait(f"agentPage.view.at === {at} + 1", "→ is the next moment")
        browser.key("ArrowLeft")
        browser.key("ArrowLeft")
        browser.wait(f"agentPage.view.at === {at} - 1", "← is the moment before")
        # A colleague opens the address.
        browser.open(address)
        browser.wait(PAGE + f"document.querySelector('#moment')?.dataset.time === '{sample['timestamp']}'", "the address leads to that moment")
        check(text(browser, "#panel-cpu .big") == told, "the address leads to other figures")
        browser.evaluate("document.querySelector('#live').click()")
        browser.wait(f"document.querySelector('#moment').dataset.time > '{sample['timestamp']}' && !document.body.dataset.past", "live returns")
        browser.open(f"http://127.0.0.1:{agent.port}/ui/#at=2001-01-01T00:00:00Z")
        browser.wait(PAGE + "!document.querySelector('#banner').hidden", "a moment of which nothing is stored is told")
        told = browser.complaints()
        check(all("404" in one for one in told), f"the console tells: {told}")


def test_a_cut_loses_nothing(browser):
    with running("--demo", "--interval", "30") as agent:
        wire = Wire(agent.port)
        load(browser, wire.port)
        # What was read before somebody watched lies as far apart as the agent's interval; from here on it is a second.
        last_two = "(({ times, length }) => length > 2 && times[length - 1] - times[length - 2] === 1 && times[length - 1])(agentPage.store.tail)"
        watched = browser.wait(last_two, "a second between two samples")
        wire.cut()
        browser.wait("document.querySelector('#state').dataset.state === 'lost' && document.body.dataset.stale === 'true'", "the loss is told")
        browser.wait("/[4-9]\\s*s/.test(document.querySelector('#state').textContent)", "the age of what is shown is told")
        check(browser.evaluate("document.title.startsWith('⚠')"), "the title tells the loss")
        wire.mend()
        browser.wait("document.querySelector('#state').dataset.state === 'live' && !document.body.dataset.stale", "it comes back by itself")
        back = browser.evaluate("agentPage.store.now")
        browser.wait(f"agentPage.store.now > {back} + 2", "samples come again")
        times = "[...agentPage.store.tail.times.slice(0, agentPage.store.tail.length)]"
        browser.wait(f"{times}.filter((time) => time >= {watched}).every((time, index) => time === {watched} + index)", "no second is missing")
        check_quiet(browser, is_cut=True)


def test_survives_a_restart(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("agentPage.store.tail.length >= 4", "samples come")
        known = browser.evaluate("[...agentPage.store.tail.times.slice(0, agentPage.store.tail.length)]")
        agent.kill()
        browser.wait("document.querySelector('#state').dataset.state === 'lost'", "the loss is told")
        begun = time.time()
        with running("--demo", "--interval", "1", port=agent.port) as again:
            browser.wait("document.querySelector('#state').dataset.state === 'live'", "it comes back by itself")
            browser.wait("agentPage.store.tail.length >= 8", "samples come again")
            newest = browser.evaluate("agentPage.store.now")
            told = again.get(f"/metrics/history?from=0&to={newest}&step=1&metrics=cpu.usage")
            # The demo machine that begins anew makes a past of its own; what it read since it began counts.
            wanted = known + [time for time, value in zip(told["timestamps"], told["series"]["cpu.usage"]) if value is not None and time >= begun]
            browser.wait(f"{wanted}.every((time) => agentPage.store.nearest(time) === time)", "every moment of before and after is there")
            # Another range is asked of an agent that has forgotten the first part: it stays.
            browser.evaluate("agentPage.view.choose(900)")
            time.sleep(0.5)
            browser.wait(f"{wanted}.every((time) => agentPage.store.nearest(time) === time)", "they stay when another range is chosen")
            check_quiet(browser, is_cut=True)


def test_shows_names_as_text(browser):
    name = "<img src=x onerror=alert(1)>"
    folder = machine_with_process_named(name)
    try:
        with running("--root", folder, "--interval", "1") as agent:
            load(browser, agent.port)
            browser.wait(f"[...document.querySelectorAll('#panel-processes tbody td')].some((cell) => cell.textContent === {name!r})",
                         "the name is shown as it is")
            check(browser.evaluate("document.querySelectorAll('main img, main script').length") == 0, "the name became an element")
            check(browser.evaluate("!document.querySelector('#panel-gpu') || document.querySelector('#panel-gpu').hidden"),
                  "there is a panel of GPUs without a GPU")
            check_quiet(browser)
    finally:
        shutil.rmtree(folder)


def test_process_table(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        column = "[...document.querySelectorAll('#panel-processes tbody tr')].map((row) => row.children[{}].textContent)"
        browser.key("/")
        browser.wait("document.activeElement.type === 'search'", "the key / leads to the filter")
        browser.call("Input.insertText", text="vllm")
        browser.wait(f"(() => {{ const names = {column.format(1)}; return names.length === 1 && names[0] === 'vllm'; }})()", "the filter finds a process")
        browser.evaluate("(() => { const field = document.activeElement; field.value = ''; field.dispatchEvent(new Event('input')); field.blur(); })()")
        browser.evaluate("[...document.querySelectorAll('.sort')].find((one) => one.textContent === 'PID').click()")
        browser.wait(f"(() => {{ const all = {column.format(0)}.map(Number); return all.length > 5 && all.every((pid, i) => i === 0 || pid > all[i - 1]); }})()", "the head of a column orders by it")
        check(browser.evaluate("document.querySelector('#panel-processes th[aria-sort]').ariaSort") == "ascending", "the order is told")
        browser.evaluate("[...document.querySelectorAll('#panel-processes .tools button')].at(-1).click()")
        # Processes come and go meanwhile.
        until = time.monotonic() + 60
        while browser.evaluate(f"{column.format(0)}.length") != len(agent.get("/processes")["processes"]):
            check(time.monotonic() < until, "all processes are shown")
            time.sleep(0.2)
        check_quiet(browser)


def widths(browser, width):
    """Nothing reaches out of the page, of its card or of its own place."""
    check(browser.evaluate("document.documentElement.scrollWidth") <= width, f"the page is wider than {width}")
    broken = browser.evaluate("""[...document.querySelectorAll('.figures dd, .figure, .cell strong, .head strong, button, .pill, .key b')]
        .filter((node) => node.checkVisibility() && node.getClientRects().length > 0).filter((node) => {
          const [box, card] = [node.getBoundingClientRect(), (node.closest('.tile, .card, .cell, header') ?? document.body).getBoundingClientRect()];
          return node.closest('.segments, .table') ? false : box.right > card.right + 1 || box.left < card.left - 1 || node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== 'inline';
        }).map((node) => `${node.parentElement.className} ${node.textContent}`)""")
    check(not broken, f"at {width}: {broken[:5]}")
    lines = browser.evaluate("""[...document.querySelectorAll('.tile .figure, .figures dd')].filter((node) => node.getClientRects().length > 0)
        .filter((node) => node.getBoundingClientRect().height > parseFloat(getComputedStyle(node).lineHeight) * 1.6).map((node) => node.textContent)""")
    check(not lines, f"at {width} figures break: {lines[:5]}")


def test_accessible_in_every_dress(browser):
    with running("--demo", "--interval", "1") as agent:
        shades = {}
        for scheme in ("light", "dark"):
            browser.media(prefers_color_scheme=scheme)
            for width, height in ((360, 740), (1280, 900), (1920, 1080), (3840, 2160)):
                browser.size(width, height, is_phone=width < 600)
                load(browser, agent.port)
                browser.wait("agentPage.store.tail.length >= 2 && document.querySelectorAll('.tile').length === 8", "all is there")
                time.sleep(0.3)
                widths(browser, width)
                broken = browser.evaluate(ACCESSIBILITY)
                check(not broken, f"{scheme} at {width}: {broken[:8]}")
                if SCREENSHOTS:
                    browser.screenshot(os.path.join(SCREENSHOTS, f"{scheme}-{width}.png"), is_whole=True)
            shades[scheme] = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        check(shades["light"] != shades["dark"], f"light and dark are both {shades}")
        browser.size(1280, 900)
        # By choice, whatever the system prefers; and remembered.
        for choice, shade in (("light", shades["light"]), ("dark", shades["dark"]), ("", shades["dark"])):
            browser.key("t")
            browser.wait(f"(document.documentElement.dataset.theme ?? '') === '{choice}'", f"the theme {choice}")
            check(browser.evaluate("getComputedStyle(document.body).backgroundColor") == shade, f"the theme {choice} has another colour")
        # In the past, and with the connection lost.
        browser.wait("agentPage.store.tail.length >= 2", "a past")
        browser.key("ArrowLeft")
        browser.wait("document.body.dataset.past === 'true'", "the past")
        time.sleep(0.3)
        broken = browser.evaluate(ACCESSIBILITY)
        check(not broken, f"in the past: {broken[:8]}")
        if SCREENSHOTS:
            browser.screenshot(os.path.join(SCREENSHOTS, "past.png"), is_whole=True)
        browser.key("l")
        agent.kill()
        browser.wait("document.body.dataset.stale === 'true'", "the loss")
        broken = browser.evaluate(ACCESSIBILITY)
        check(not broken, f"connection lost: {broken[:8]}")
        if SCREENSHOTS:
            browser.screenshot(os.path.join(SCREENSHOTS, "lost.png"), is_whole=True)
        check_quiet(browser, is_cut=True)
        browser.media(prefers_color_scheme="light")


def test_keyboard_alone(browser):
    with running("--demo", "--interval", "1") as agent:
        browser.size(1280, 900)
        load(browser, agent.port)
        browser.evaluate("document.activeElement.blur()")
        reached = []
        for _ in range(80):
            for kind in ("keyDown", "keyUp"):
                browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
            one = browser.evaluate("""(() => { const node = document.activeElement; if (node === document.body) return null;
                const box = node.getBoundingClientRect();
                return [node.id || node.className || node.textContent, box.width > 0 && box.height > 0, getComputedStyle(node).outlineStyle]; })()""")
            if one is None:
                break
            reached.append(one)
        names = [name for name, _, _ in reached]
        for wanted in ("skip", "earlier", "later", "live", "theme", "language", "help-button"):
            check(wanted in names, f"Tab does not reach {wanted}: {names}")
        check(all(is_seen and outline != "none" for _, is_seen, outline in reached), f"the focus is not seen: {reached}")
        browser.key("?")
        browser.wait("document.querySelector('#help').open", "? shows the keys")
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Escape", code="Escape", windowsVirtualKeyCode=27)
        browser.wait("!document.querySelector('#help').open", "Esc closes them")
        browser.key("1")
        browser.wait("agentPage.view.span === 300", "the key 1 is five minutes")
        check_quiet(browser)


def test_japanese(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        keys = browser.evaluate("import('./text.js').then(({ strings }) => Object.entries(strings).filter(([, texts]) => texts.length !== 2"
                                " || !texts.every(Boolean) || (texts[0].match(/\\{\\d\\}/g) ?? []).sort().join() !== (texts[1].match(/\\{\\d\\}/g) ?? []).sort().join()).map(([key]) => key))")
        check(not keys, f"not in both languages: {keys}")
        browser.evaluate("document.querySelector('#language').click()")
        browser.wait("document.documentElement.lang === 'ja' && document.querySelector('#panel-processes h2').textContent === 'プロセス'", "Japanese")
        browser.wait("document.querySelector('#panel-cpu .plot canvas').width > 0 && document.querySelectorAll('.tile').length === 8", "the panels are there")
        check(browser.evaluate("!/undefined|NaN|\\[object/.test(document.body.innerText)"), "a text is missing")
        time.sleep(0.3)
        widths(browser, 1280)
        broken = browser.evaluate(ACCESSIBILITY)
        check(not broken, f"Japanese: {broken[:8]}")
        load(browser, agent.port)
        check(browser.evaluate("document.documentElement.lang") == "ja", "the language is forgotten")
        browser.evaluate("document.querySelector('#language').click()")
        check(browser.evaluate("document.documentElement.lang") == "en", "there is no way back to English")
        check_quiet(browser)


def test_hidden_tab_draws_nothing(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("agentPage.drawn.plots > 0", "something is drawn")
        browser.evaluate("(() => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });"
                         " document.dispatchEvent(new Event('visibilitychange')); agentPage.drawn.plots = 0; })()")
        title, count = browser.evaluate("document.querySelector('#moment').dataset.time"), browser.evaluate("agentPage.store.tail.length")
        browser.wait(f"agentPage.store.tail.length >= {count} + 3", "samples come on")
        check(browser.evaluate("agentPage.drawn.plots") == 0, "a hidden tab draws")
        check(browser.evaluate("document.querySelector('#moment').dataset.time") == title, "a hidden tab writes")
        browser.evaluate("(() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); })()")
        browser.wait(f"agentPage.drawn.plots > 0 && document.querySelector('#moment').dataset.time > '{title}'", "it goes on when it is seen")
        check_quiet(browser)


def test_many_visits_keep_no_stream(browser):
    with running("--demo", "--interval", "1") as agent:
        # A browser has six connections to a host, and keeps pages for the way back.
        for _ in range(8):
            begun = time.monotonic()
            load(browser, agent.port)
            check(time.monotonic() - begun < 20, "a page that was left keeps a connection")
        browser.evaluate("history.go(-2)")
        browser.wait(PAGE + READY, "the way back")
        count = browser.wait("agentPage.store.tail.length")
        browser.wait(f"agentPage.store.tail.length > {count}", "the page on the way back follows again")
        check_quiet(browser)


def test_token(browser):
    folder = os.path.join(browser.profile, "token")
    with open(folder, "w", encoding="ascii") as token:
        token.write("a-token-of-the-test\n")
    os.chmod(folder, 0o600)
    with running("--demo", "--interval", "1", "--token-file", folder) as agent:
        browser.open(f"http://127.0.0.1:{agent.port}/ui/")
        browser.wait(PAGE + "document.querySelector('#token').open", "the page asks for the token")
        broken = browser.evaluate(ACCESSIBILITY)
        check(not broken, f"the form: {broken[:8]}")
        for typed in ("wrong", "a-token-of-the-test"):
            browser.wait("document.querySelector('#token').open", "the form is open")
            browser.evaluate("document.querySelector('#token-input').focus()")
            browser.call("Input.insertText", text=typed)
            browser.evaluate("document.querySelector('#token-form button').click()")
        browser.wait(READY, "the page shows a sample")
        check(browser.evaluate("localStorage.getItem('token') === null && sessionStorage.getItem('token') === 'a-token-of-the-test'"),
              "the token is kept for longer than the tab")
        load(browser, agent.port)
        check(browser.evaluate("!document.querySelector('#token').open"), "the token is forgotten within the tab")
        told = browser.complaints()
        check(all("401" in one for one in told), f"the console tells: {told}")


# The demo machine has six hours of past: 720 samples of 128 CPUs and 8 GPUs. From the answers' bytes to the pixels.
DRAW_SIX_HOURS = """(async () => {
  const { store, view, drawn, drawAll } = agentPage;
  const real = fetch;
  const kept = new Map();
  const window = view.window;
  const runs = [];
  for (let run = 0; run < 9; run += 1) {
    globalThis.fetch = async (url) => {
      if (!kept.has(`${url}`)) kept.set(`${url}`, await (await real(url)).text());
      return new Response(kept.get(`${url}`));
    };
    const ask = store.ask;
    store.ask = (from, to, ...rest) => ask.call(store, window.from, window.to, ...rest);
    store.asked = null;
    const begun = performance.now();
    await store.show(window.from, window.to);
    const read = performance.now() - begun;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    if (run > 0) runs.push({ read, draw: drawn.milliseconds, seen: performance.now() - begun });
    Object.assign(store, { ask });
  }
  globalThis.fetch = real;
  const middle = (list) => list.sort((a, b) => a - b)[list.length >> 1];
  const frames = [];
  for (let frame = 0; frame < 120; frame += 1) {
    view.pan(frame < 60 ? -60 : 60);
    await new Promise((done) => requestAnimationFrame(done));
    frames.push(drawn.milliseconds);
  }
  return { rows: store.base.length + store.tail.length, series: store.base.mean.size, plots: drawn.plots,
    bytes: [...kept.values()].reduce((sum, text) => sum + text.length, 0), read: middle(runs.map((one) => one.read)), draw: middle(runs.map((one) => one.draw)), seen: middle(runs.map((one) => one.seen)), pan: middle(frames) };
})()"""

FIRST_DRAW = """(() => { const look = () => {
  if (globalThis.agentPage && agentPage.drawn.plots > 0 && agentPage.store.tail.length > 0) globalThis.firstDraw = performance.now();
  else requestAnimationFrame(look);
}; look(); })()"""


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure():
    browser = Browser()
    try:
        with running("--demo") as agent:
            browser.size(1920, 1080)
            browser.call("Page.addScriptToEvaluateOnNewDocument", source=FIRST_DRAW)
            # What looks on costs the page time: the tree for screen readers is made anew with each change.
            for domain in ("Accessibility", "DOM", "Network", "Log"):
                browser.call(f"{domain}.disable")
            firsts = {"": [], "#range=6h": []}
            paints = []
            for _ in range(9):
                for fragment, times in firsts.items():
                    browser.open("about:blank")
                    time.sleep(0.5)
                    load(browser, agent.port, fragment)
                    times.append(browser.wait("globalThis.firstDraw"))
                    paints.append(browser.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
                    time.sleep(1)
            weight = browser.evaluate("performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                                      ".filter((one) => one.name.includes('/ui/')).reduce((sum, one) => sum + one.decodedBodySize, 0)")
            print(f"weight of what was loaded: {weight} bytes without compression")
            print(f"first paint with contents: {statistics.median(paints):.0f} ms after the navigation began, best {min(paints):.0f} ms")
            for fragment, times in firsts.items():
                print(f"first graphs and figures, {fragment or 'no range asked for'}: {statistics.median(times):.0f} ms, best {min(times):.0f} ms")
            browser.size(1920, 2700)
            browser.wait("agentPage.store.base.length + agentPage.store.tail.length >= 700", "six hours")
            time.sleep(1)
            told = browser.evaluate(DRAW_SIX_HOURS)
            print(f"6 h: {told['rows']} rows of {told['series']} series, {told['bytes']} bytes of JSON: read in"
                  f" {told['read']:.0f} ms, drawn in {told['plots']} plots in {told['draw']:.0f} ms, seen after {told['seen']:.0f} ms;"
                  f" a frame while panning {told['pan']:.1f} ms")
            load(browser, agent.port)
            time.sleep(3)
            begun = processor_seconds(agent.process.pid)
            time.sleep(30)
            print(f"an open page, 1 s: {(processor_seconds(agent.process.pid) - begun) / 0.3:.2f} % of a core, the agent's reading included")
            browser.open("about:blank")
            time.sleep(65)
            begun = processor_seconds(agent.process.pid)
            time.sleep(30)
            print(f"nobody looks: {(processor_seconds(agent.process.pid) - begun) / 0.3:.2f} % of a core")
            with open("/proc/loadavg", encoding="ascii") as file:
                print(f"load average of the machine: {file.read().split()[0]}")
    finally:
        browser.close()


def main():
    global PROGRAM, SCREENSHOTS
    arguments = sys.argv[1:]
    if "--screenshots" in arguments:
        place = arguments.index("--screenshots")
        SCREENSHOTS = arguments[place + 1]
        os.makedirs(SCREENSHOTS, exist_ok=True)
        del arguments[place:place + 2]
    PROGRAM = arguments.pop(0)
    if arguments == ["--measure"]:
        measure()
        return
    tests = {name.removeprefix("test_"): body for name, body in globals().items() if name.startswith("test_")}
    failed = []
    for name in arguments or tests:
        begun = time.monotonic()
        browser = None
        try:
            browser = Browser()
            browser.size(1280, 900)
            tests[name](browser)
            print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception as error:  # whatever it is, the other tests run
            failed.append(name)
            print(f"FAIL {name}: {error}", flush=True)
            if not isinstance(error, Failure):
                traceback.print_exc(file=sys.stdout)
        finally:
            if browser:
                browser.close()
    if failed:
        print(f"{len(failed)} failed: {', '.join(failed)}")
        sys.exit(1)
    print(f"{len(arguments or tests)} passed")


if __name__ == "__main__":
    main()

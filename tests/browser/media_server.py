"""A server of media files on another origin, and a video clip that the browser has recorded itself."""

import base64
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RECORD = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 90, height: 160 });
  const paper = canvas.getContext("2d");
  const audio = new AudioContext(), tone = audio.createOscillator(), sound = audio.createMediaStreamDestination();
  tone.connect(sound);
  tone.start();
  const stream = new MediaStream([...canvas.captureStream(25).getTracks(), ...sound.stream.getTracks()]);
  const recorder = new MediaRecorder(stream, { mimeType: "video/webm;codecs=vp8,opus" }), parts = [];
  recorder.ondataavailable = event => parts.push(event.data);
  const stopped = new Promise(resolve => { recorder.onstop = resolve; });
  recorder.start();
  for (let frame = 0; frame < 40; frame++) {
    paper.fillStyle = `hsl(${frame * 9} 80% 50%)`;
    paper.fillRect(0, 0, 90, 160);
    await new Promise(resolve => setTimeout(resolve, 40));
  }
  recorder.stop();
  await stopped;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""
"""Records a clip of 1.6 s in which colours change, with a tone."""

PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="16"><rect width="9" height="16" fill="teal"/></svg>'
)


def record_clip(browser):
    """A clip in WebM."""
    page = browser.new_page()
    try:
        return base64.b64decode(page.evaluate(RECORD))
    finally:
        page.close()


@contextmanager
def media_server(files):
    """The base URL of a server of `files`: path to media type and bytes. Other paths are 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            media_type, content = files.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in files else 404)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()

// A process that sends the handle it gets back to who started it, as often as it is asked to: each is another handle on the same socket
// (listen.mjs). It ends when it is let go of.
process.on("message", ({ count }, handle) => {
  for (let sent = 0; sent < count; sent++) process.send({ sent }, handle, { keepOpen: true });
});

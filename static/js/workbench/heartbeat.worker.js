// Timers of a background tab are slowed to one a minute; a worker's are not.
setInterval(() => postMessage("beat"), 8000);

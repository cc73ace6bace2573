// The script of the page of examples/connect. It calls the server with fetch and Connect's JSON
// protocol. A product would use generated code. The browser sends the session cookie.

const find = id => document.getElementById(id)
const orgId = find("app").dataset.org

// CallError is the error of a call that the server refused.
class CallError extends Error {
	constructor({ code, message }) {
		super(message || code)
		this.code = code
	}
}

// call calls a method with one request message and one response message.
async function call(method, request) {
	const response = await fetch("/" + method, {
		method: "POST",
		headers: { "Content-Type": "application/json", "Connect-Protocol-Version": "1" },
		body: JSON.stringify(request),
	})
	const answer = await response.json()
	if (!response.ok) throw new CallError(answer)
	return answer
}

// stream calls a method with many response messages. Each message follows a byte with flags and
// four bytes with its length. stream calls opened when the server has accepted the call.
async function* stream(method, request, opened) {
	const message = new TextEncoder().encode(JSON.stringify(request))
	const body = new Uint8Array(5 + message.length)
	new DataView(body.buffer).setUint32(1, message.length)
	body.set(message, 5)
	const response = await fetch("/" + method, {
		method: "POST",
		headers: { "Content-Type": "application/connect+json", "Connect-Protocol-Version": "1" },
		body,
	})
	if (!response.ok) throw new CallError({ code: "unknown", message: response.statusText })
	opened()
	const reader = response.body.getReader()
	let received = new Uint8Array(0)
	for (;;) {
		const { done, value } = await reader.read()
		if (done) throw new CallError({ code: "unavailable", message: "the connection has ended" })
		const longer = new Uint8Array(received.length + value.length)
		longer.set(received)
		longer.set(value, received.length)
		received = longer
		while (received.length >= 5) {
			const length = new DataView(received.buffer, received.byteOffset).getUint32(1)
			if (received.length < 5 + length) break
			const isLast = received[0] & 2
			const answer = JSON.parse(new TextDecoder().decode(received.subarray(5, 5 + length)))
			received = received.subarray(5 + length)
			if (!isLast) {
				yield answer
				continue
			}
			if (answer.error) throw new CallError(answer.error)
			return
		}
	}
}

function showNote({ text, author, addedAt }) {
	const item = document.createElement("li")
	const by = document.createElement("small")
	by.textContent = author + ", " + new Date(addedAt).toLocaleTimeString()
	item.append(text, by)
	find("notes").prepend(item)
}

function showProblem(error) {
	if (error.code === "unauthenticated") {
		find("ended").hidden = false
		find("live").textContent = "ended"
		return
	}
	find("problem").textContent = error.message
	find("problem").hidden = false
}

const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

// watch shows all notes, also new ones. It starts again after a failure, unless the session has
// ended.
async function watch() {
	for (;;) {
		try {
			const opened = () => {
				find("live").textContent = "live"
				find("notes").replaceChildren()
			}
			for await (const { note } of stream("notes.v1.NotesService/Watch", { orgId }, opened)) showNote(note)
		} catch (error) {
			if (error.code === "unauthenticated" || error.code === "permission_denied") {
				showProblem(error)
				return
			}
			find("live").textContent = "connecting"
		}
		await pause(2000 + Math.random() * 1000)
	}
}

find("add").onsubmit = async event => {
	event.preventDefault()
	const form = event.target
	find("problem").hidden = true
	try {
		await call("notes.v1.NotesService/Add", { orgId, text: form.text.value })
		form.reset()
	} catch (error) {
		showProblem(error)
	}
}

find("everywhere").onclick = async () => {
	try {
		await call("notes.v1.SessionService/SignOutEverywhere", {})
	} catch (error) {
		showProblem(error)
	}
}

watch()

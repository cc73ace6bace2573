// What a script can read that an attacker has put into the pages of the app: all of
// it goes to note, a function of the test.
app => {
	if (location.origin !== app) return
	const tell = (...what) => note(JSON.stringify([location.pathname, ...what]))
	const look = when => tell(when, document.documentElement.outerHTML, document.referrer, document.cookie, performance.getEntries())
	addEventListener("DOMContentLoaded", () => look("loaded"))
	addEventListener("load", () => look("complete"))
	addEventListener("pagehide", () => look("hidden"))
	new PerformanceObserver(list => tell("timing", list.getEntries())).observe({type: "resource", buffered: true})

	const send = fetch
	window.fetch = async (...args) => {
		try {
			const answer = await send(...args)
			tell("answer", answer.url, answer.status, [...answer.headers], await answer.clone().text())
			look("answered")
			return answer
		} catch (e) {
			tell("no answer", String(e))
			throw e
		}
	}
	const open = XMLHttpRequest.prototype.open
	XMLHttpRequest.prototype.open = function (...args) {
		this.addEventListener("readystatechange", () => {
			if (this.readyState !== XMLHttpRequest.DONE) return
			tell("answer", this.responseURL, this.status, this.getAllResponseHeaders(), this.responseText)
			look("answered")
		})
		return open.apply(this, args)
	}
}

package usersync

import (
	"fmt"
	"io"
	"os"
)

// Progress shows how much of a run is done. On a terminal, it rewrites one line.
// Elsewhere, it writes one line for each finished step. It shows no names. A nil Progress
// shows nothing.
type Progress struct {
	w          io.Writer
	isTerminal bool
	step       string
	done       int
}

// NewProgress returns a Progress that writes to w.
func NewProgress(w io.Writer, isTerminal bool) *Progress {
	return &Progress{w: w, isTerminal: isTerminal}
}

// IsTerminal reports whether f is a terminal.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

const eraseLine = "\r\x1b[K"

// Report shows how much of a step is done.
func (p *Progress) Report(step string, done int) {
	if p == nil {
		return
	}
	if p.step != step {
		p.End()
	}
	p.step, p.done = step, done
	if p.isTerminal {
		fmt.Fprintf(p.w, "%s%s: %d", eraseLine, step, done)
	}
}

// End ends the last step.
func (p *Progress) End() {
	if p == nil || p.step == "" {
		return
	}
	if p.isTerminal {
		io.WriteString(p.w, eraseLine)
	} else {
		fmt.Fprintf(p.w, "%s: %d\n", p.step, p.done)
	}
	p.step = ""
}

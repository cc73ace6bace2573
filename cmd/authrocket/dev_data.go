package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// dataFile is the file of the flag -data. This program locks it, and replaces only
// content that it has read or written itself.
type dataFile struct {
	name string
	file *os.File    // the file at name, nil if there is none yet
	info fs.FileInfo // of file
}

var errInUse = errors.New("another program uses it; give each program its own file")

// openData opens and locks the file of a realm, which may not exist yet.
func openData(name string) (*dataFile, error) {
	data := &dataFile{name: name}
	info, err := statFile(name)
	if err != nil {
		return nil, fmt.Errorf("-data: %w", err)
	}
	if info == nil {
		return data, nil
	}
	data.file, err = os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("-data: %w", err)
	}
	if data.info, err = data.file.Stat(); err == nil && !tryLock(data.file) {
		err = fmt.Errorf("%s: %w", name, errInUse)
	}
	if err == nil {
		err = data.isUnchanged()
	}
	if err != nil {
		data.Close()
		return nil, fmt.Errorf("-data: %w", err)
	}
	return data, nil
}

// reader returns the value of RealmConfig.Saved, which is nil if there is no file yet.
func (d *dataFile) reader() io.Reader {
	if d == nil || d.file == nil {
		return nil
	}
	return d.file
}

var errChanged = errors.New("another program has changed it, so it is not overwritten; stop that program, or name another file")

// isUnchanged returns an error if another program has changed the file.
func (d *dataFile) isUnchanged() error {
	info, err := statFile(d.name)
	if err != nil || info == nil { // without a file, no data can be lost
		return err
	}
	if d.file == nil || info.Size() != d.info.Size() || !info.ModTime().Equal(d.info.ModTime()) {
		return fmt.Errorf("%s: %w", d.name, errChanged)
	}
	return nil
}

// save replaces the file with one that contains the realm.
func (d *dataFile) save(realm *authrockettest.Realm) error {
	file, err := replaceFile(d.name, realm.Save, func(file *os.File) error {
		if !tryLock(file) {
			return errInUse
		}
		return d.isUnchanged()
	})
	if err != nil {
		return fmt.Errorf("-data: the realm is not saved: %w", err)
	}
	d.Close()
	d.file = file
	d.info, err = file.Stat()
	return err
}

// Close unlocks the file.
func (d *dataFile) Close() {
	if d.file != nil {
		d.file.Close()
	}
}

const (
	// savePause is the pause after a save, so that many changes cause one save. If saves
	// take long, the pause is longer, so that saves take at most a fifth of the time.
	savePause      = 100 * time.Millisecond
	savePauseTimes = 4

	// saveAgainAfter is the pause after a failed attempt to save.
	saveAgainAfter = time.Second
)

// changesOf returns a channel that receives a value after the realm has changed.
func changesOf(realm *authrockettest.Realm) chan struct{} {
	changed := make(chan struct{}, 1)
	realm.OnChange(func() {
		select {
		case changed <- struct{}{}:
		default: // the next save includes this change
		}
	})
	return changed
}

// keepSaved saves the realm whenever it receives a value from changed, until ctx ends.
func (d *dataFile) keepSaved(ctx context.Context, realm *authrockettest.Realm, changed chan struct{}, logger *slog.Logger) {
	isFailing := false
	for {
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
		start := time.Now()
		err := d.save(realm)
		pause := max(savePause, savePauseTimes*time.Since(start))
		if err != nil {
			pause = saveAgainAfter
			select {
			case changed <- struct{}{}:
			default:
			}
			if !isFailing {
				logger.Error("the realm is not saved", "error", err)
			}
		}
		isFailing = err != nil
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

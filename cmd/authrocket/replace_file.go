package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes a file anew that only its owner may read: whoever reads name
// finds what was there before, or all of what write writes, also after a crash.
// mayReplace is asked at the last moment, with the new file. The file is returned
// open; where it was not replaced, nothing is left behind.
func replaceFile(name string, write func(io.Writer) error, mayReplace func(*os.File) error) (file *os.File, err error) {
	folder, base := filepath.Split(name)
	temporary := filepath.Join(folder, "."+base+".authrocket-tmp")
	// Of a program that was killed. A link that somebody put there is not followed.
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	file, err = os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(temporary)
		}
	}()
	if err := write(file); err != nil {
		return nil, err
	}
	if err := file.Sync(); err != nil {
		return nil, err
	}
	if err := mayReplace(file); err != nil {
		return nil, err
	}
	if err := os.Rename(temporary, name); err != nil {
		return nil, err
	}
	if opened, err := os.Open(filepath.Dir(name)); err == nil {
		opened.Sync() // so that the new name survives a power cut; not every system can
		opened.Close()
	}
	return file, nil
}

// statFile returns what a name is now, nil when there is nothing. What is no
// regular file is an error: replaceFile would put a file in its place.
func statFile(name string) (fs.FileInfo, error) {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	return info, nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile replaces a file with a new one that only its owner can read. A reader of
// name gets either the old content or everything that write writes, even after a crash.
// replaceFile calls mayReplace with the new file just before it replaces the old one. It
// returns the new file, which is still open. If it does not replace the file, it leaves
// no temporary file behind.
func replaceFile(name string, write func(io.Writer) error, mayReplace func(*os.File) error) (file *os.File, err error) {
	folder, base := filepath.Split(name)
	temporary := filepath.Join(folder, "."+base+".authrocket-tmp")
	// This removes the file of a program that was killed. It does not follow a link.
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
		opened.Sync() // on systems that support this, the new name then survives a power cut
		opened.Close()
	}
	return file, nil
}

// statFile returns information about the current file called name, or nil if there is
// none. If name is not a regular file, statFile returns an error, because replaceFile
// would replace it with a regular file.
func statFile(name string) (fs.FileInfo, error) {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file; choose another name", name)
	}
	return info, nil
}

internal import CSystemIO

/// A library that is loaded while the program runs; unloaded by its owner, not automatically.
package struct Library {
  private let handle: UnsafeMutableRawPointer

  /// Loads a library; nil if it is missing or unusable.
  package init?(_ path: String) {
    guard let handle = csystemio_library_open(path) else { return nil }
    self.handle = handle
  }

  /// Address of a function; nil if the library has none of that name.
  package func symbol(_ name: String) -> UnsafeMutableRawPointer? {
    csystemio_library_symbol(handle, name)
  }

  /// Unloads it; its functions must not be called any more.
  package func close() {
    csystemio_library_close(handle)
  }
}

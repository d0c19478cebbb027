// The part of the overlay of Windows' C library that Swift packages use.
@_exported public import ucrt

public var errno: Int32 {
  get { _errno().pointee }
  set { _errno().pointee = newValue }
}

nonisolated(unsafe) public let stdin: UnsafeMutablePointer<FILE>! = __acrt_iob_func(0)
nonisolated(unsafe) public let stdout: UnsafeMutablePointer<FILE>! = __acrt_iob_func(1)
nonisolated(unsafe) public let stderr: UnsafeMutablePointer<FILE>! = __acrt_iob_func(2)

internal import CSystemIO

/// Pipes between this program and those that it starts.
package enum Pipe {
  /// A pipe whose ends are not handed on by themselves: a program that another thread starts at the same moment would hold
  /// them open, and its reader would wait for that program's end.
  ///
  /// - Throws: SystemError of pipe2.
  package static func make() throws(SystemError) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    if csystemio_pipe(&ends) != 0 { throw SystemError("make a pipe") }
    return (ends[0], ends[1])
  }
}

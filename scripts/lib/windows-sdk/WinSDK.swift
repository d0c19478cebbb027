// The part of the overlay of Windows' headers that the compiler requires to import BOOL.
@_exported public import WinSDK

@frozen public struct WindowsBool: ExpressibleByBooleanLiteral, Sendable {
  @usableFromInline var value: Int32

  public init(_ value: Bool) { self.value = value ? 1 : 0 }

  @_transparent public init(booleanLiteral value: Bool) { self.init(value) }

  public var boolValue: Bool { value != 0 }
}

@_transparent public func _convertBoolToWindowsBool(_ value: Bool) -> WindowsBool { WindowsBool(value) }

@_transparent public func _convertWindowsBoolToBool(_ value: WindowsBool) -> Bool { value.boolValue }

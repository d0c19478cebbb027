import Hummingbird
import Logging
func x() -> HTTPResponse.Status { .ok }

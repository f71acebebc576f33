// Descriptors, which Java hides; Android gives them by `ParcelFileDescriptor`.

import com.sun.jna.Library
import com.sun.jna.Native

private interface LibC : Library {
    fun open(path: String, flags: Int): Int
    fun close(descriptor: Int): Int
    fun pipe(ends: IntArray): Int
    fun strerror(number: Int): String
}

private val libc = Native.load("c", LibC::class.java)

class SystemError(val number: Int) : Exception("${libc.strerror(number)} (os error $number)")

/** Lends a descriptor that is open to be read, and closes it. */
fun <T> withDescriptor(path: String, use: (Int) -> T): T {
    val descriptor = libc.open(path, 0)
    if (descriptor < 0) throw SystemError(Native.getLastError())
    try {
        return use(descriptor)
    } finally {
        libc.close(descriptor)
    }
}

/** Lends both ends of a pipe, and closes them. */
fun <T> withPipe(use: (Int, Int) -> T): T {
    val ends = IntArray(2)
    if (libc.pipe(ends) != 0) throw SystemError(Native.getLastError())
    try {
        return use(ends[0], ends[1])
    } finally {
        ends.forEach { libc.close(it) }
    }
}

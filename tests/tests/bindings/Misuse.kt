// Readers that fail, what is no file, several threads, and a filter that was closed.
// Misuse SMALL MEMBER STRANGER

import java.io.File
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import leaksieve.*

private class Memory(private val bytes: ByteArray) : Reader {
    var fail: ((ByteArray) -> ByteArray)? = null

    override fun sizeBytes(): ULong = bytes.size.toULong()

    override fun readAt(offsetBytes: ULong, numBytes: UInt): ByteArray {
        val from = offsetBytes.toInt()
        val read = bytes.copyOfRange(from, from + numBytes.toInt())
        return fail?.invoke(read) ?: read
    }
}

/** The one thing that a failing reader, or what is no file, may lead to. */
private fun unreadable(call: () -> Any): String {
    val said = try {
        call()
    } catch (error: FilterException.Unreadable) {
        return error.message!!
    }
    throw AssertionError("no error, but $said")
}

private fun must(condition: Boolean, what: () -> Any = { "" }) {
    if (!condition) throw AssertionError(what())
}

private fun failing(path: String, member: String, stranger: String) {
    val reader = Memory(File(path).readBytes())
    val filter = Filter.fromReader(reader)
    val ways = listOf<Pair<String, (ByteArray) -> ByteArray>>(
        "the card was pulled" to { throw ReaderException.Failed("the card was pulled") },
        "unforeseen" to { throw IllegalStateException("unforeseen") },
        "gave 0" to { ByteArray(0) },
        "gave 511" to { it.copyOf(511) },
        "gave 513" to { it.copyOf(513) },
    )
    for ((words, fail) in ways) {
        reader.fail = fail
        for (call in listOf({ Filter.fromReader(reader) }, { filter.check(member) }, { filter.check(stranger) })) {
            val said = unreadable(call)
            must(words in said) { said }
        }
        // What failed once is no harm to the next question.
        reader.fail = null
        must(filter.check(member) is Verdict.Exposed)
        must(filter.check(stranger) is Verdict.NotExposed)
    }
}

private fun descriptors(path: String, member: String) {
    withPipe { reader, writer ->
        for (call in listOf(
            { Filter.fromDescriptor(reader) },
            // What Android says of one whose length is not known.
            { Filter.fromDescriptor(reader, 0, -1) },
            { Filter.fromDescriptor(writer) },
            { Filter.open("/dev/fd/$reader") },
        )) {
            val said = unreadable(call)
            must(said == "the file cannot be read: this is a pipe; copy it to a file first") { said }
        }
    }
    must(unreadable { Filter.fromDescriptor(-1) } == "the file cannot be read: -1 is no open descriptor")
    val size = File(path).length()
    val filter = withDescriptor(path) {
        val said = unreadable { Filter.fromDescriptor(it, 1, size) }
        must(said.endsWith("$size bytes from byte 1 on were asked for, and it has $size bytes")) { said }
        Filter.fromDescriptor(it, 0, size)
    }
    // The descriptor is closed by now.
    must(filter.check(member, Kind.PHONE) is Verdict.Exposed)
}

private fun threads(path: String, member: String, stranger: String) {
    val filter = Filter.open(path)
    val right = AtomicInteger()
    List(4) {
        thread {
            repeat(500) {
                if (filter.check(member) is Verdict.Exposed && filter.check(stranger) is Verdict.NotExposed) {
                    right.incrementAndGet()
                }
            }
        }
    }.forEach { it.join() }
    must(right.get() == 2000) { right }
}

private fun closed(path: String, member: String) {
    val filter = Filter.open(path)
    filter.use { must(it.check(member) is Verdict.Exposed) }
    val said = try {
        filter.check(member)
    } catch (_: IllegalStateException) {
        return
    }
    throw AssertionError("a closed filter said $said")
}

fun main(arguments: Array<String>) {
    val (path, member, stranger) = arguments
    failing(path, member, stranger)
    descriptors(path, member)
    threads(path, member, stranger)
    closed(path, member)
    println("done")
}

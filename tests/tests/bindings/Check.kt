// Opens the files and answers the questions of standard input; see program.rs.

import java.io.File
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import leaksieve.*

private val KINDS =
    listOf(null, Kind.PHONE, Kind.EMAIL, Kind.USERNAME, Kind.ID, Kind.PASSWORD, Kind.SHA1, Kind.NTLM)

/** What an app would write for a file that it alone can reach. */
private class FileReader(path: String) : Reader {
    private val channel = FileChannel.open(Path.of(path))

    override fun sizeBytes(): ULong = channel.size().toULong()

    override fun readAt(offsetBytes: ULong, numBytes: UInt): ByteArray {
        val buffer = ByteBuffer.allocate(numBytes.toInt())
        var at = offsetBytes.toLong()
        while (buffer.hasRemaining()) {
            val read = channel.read(buffer, at)
            if (read <= 0) break
            at += read
        }
        return buffer.array().copyOf(buffer.position())
    }
}

/** As an asset lies in a package. */
private fun ofRegion(path: String, trust: Trust): Filter {
    val content = Files.readAllBytes(Path.of(path))
    val larger = File.createTempFile("leaksieve", ".apk")
    try {
        larger.writeBytes(ByteArray(1237) { 80 } + content + ByteArray(1200) { 7 })
        return withDescriptor(larger.path) {
            Filter.fromDescriptor(it, 1237, content.size.toLong(), trust)
        }
    } finally {
        larger.delete()
    }
}

private fun opened(way: String, path: String, trust: Trust): Filter =
    when (way) {
        "path" -> Filter.open(path, trust)
        "descriptor" -> withDescriptor(path) { Filter.fromDescriptor(it, trust = trust) }
        "region" -> ofRegion(path, trust)
        else -> Filter.fromReader(FileReader(path), trust)
    }

private fun name(kind: Kind) = kind.name.lowercase()

/** In the host's words. */
private fun covers(leak: DatasetInfo): String {
    fun case(isExact: Boolean) = "${name(leak.kind)}, case ${if (isExact) "exact" else "folded"}"
    return when (val covers = leak.covers) {
        is Covers.PhoneRegion -> "${name(leak.kind)}, ${covers.region} +${covers.callingCode}"
        is Covers.PhoneWorld -> "${name(leak.kind)}, all countries"
        is Covers.Email -> name(leak.kind)
        is Covers.Username -> case(covers.isCaseExact)
        is Covers.Id ->
            case(covers.isCaseExact) + if (covers.areSeparatorsKept) ", blanks and dashes count" else ""
        is Covers.ChineseResidentId -> "${name(leak.kind)}, Chinese resident"
        is Covers.Password ->
            "${name(leak.kind)}, as ${if (covers.digest == Digest.SHA1) "SHA-1" else "NTLM"}"
        is Covers.Other -> throw IllegalStateException("nothing else is asked here")
    }
}

private fun about(filter: Filter): List<Any?> {
    val about = filter.about()
    val fields = mutableListOf<Any?>(
        "open", about.fileId, about.sizeBytes, about.numTrailingBytes, about.createdUnixS,
        about.expiresUnixS, about.hasExpired, about.epoch, about.signer,
    )
    for (leak in about.datasets) {
        fields.addAll(listOf(
            leak.name, leak.date, leak.sourceNote, name(leak.kind), covers(leak), leak.numItems,
            leak.numRejected, leak.minCount, leak.falseAlarmOneIn,
        ))
    }
    return fields
}

private fun absences(absences: List<Absence>): List<Any?> =
    absences.flatMap { listOf(it.name, it.date, it.numRejected, it.minCount) }

private fun answer(filter: Filter, kind: Kind?, text: ByteArray): List<Any?> {
    val verdict = try {
        filter.checkBytes(text, kind)
    } catch (error: FilterException) {
        return refused(error)
    }
    val string = try {
        text.decodeToString(throwOnInvalidSequence = true)
    } catch (_: CharacterCodingException) {
        null
    }
    if (string != null) check(filter.check(string, kind) == verdict)
    return when (verdict) {
        is Verdict.Exposed ->
            listOf("exposed") +
                verdict.leaks.flatMap { listOf(it.name, it.date, it.falseAlarmOneIn, it.found) }
        is Verdict.NotExposed -> listOf("not_exposed") + absences(verdict.absences)
        is Verdict.NotCovered ->
            listOf("not_covered", verdict.gaps.size) +
                verdict.gaps.flatMap { listOf(it.name, it.date, it.message) } +
                absences(verdict.absences)
    }
}

private fun refused(error: FilterException) = listOf("error", error.javaClass.simpleName, error.message)

private fun bytesOf(hex: String) = ByteArray(hex.length / 2) { hex.substring(2 * it, 2 * it + 2).toInt(16).toByte() }

fun main() {
    var filter: Filter? = null
    for (line in generateSequence(::readLine)) {
        val fields = line.split('\t')
        val asked = filter
        val said = if (fields[0] == "open") {
            val (way, path, keys, minEpoch, allowExpired) = fields.drop(1)
            val trust = Trust(
                keys = if (keys.isEmpty()) listOf() else keys.split(','),
                minEpoch = minEpoch.toUInt(),
                allowExpired = allowExpired == "1",
            )
            asked?.close()
            filter = null
            // What fails before leaksieve comes into it is said in its words.
            try {
                check(way == "path" || way == "descriptor" || !Files.isDirectory(Path.of(path))) { "is a directory" }
                val opened = opened(way, path, trust)
                filter = opened
                about(opened)
            } catch (error: FilterException) {
                refused(error)
            } catch (error: SystemError) {
                listOf("error", "Unreadable", error.message)
            } catch (_: NoSuchFileException) {
                listOf("error", "Unreadable", "No such file or directory (os error 2)")
            } catch (error: IllegalStateException) {
                listOf("error", "Unreadable", error.message)
            }
        } else if (asked == null) {
            listOf("closed")
        } else {
            answer(asked, KINDS[fields[1].toInt()], bytesOf(fields[2]))
        }
        System.out.write((said.joinToString("\t") { it?.toString() ?: "" } + "\n").encodeToByteArray())
        System.out.flush()
    }
}

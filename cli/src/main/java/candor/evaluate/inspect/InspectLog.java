package candor.evaluate.inspect;

import candor.BadInput;
import candor.evaluate.Result;
import candor.evaluate.Scores;
import candor.evaluate.Task;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.io.Sha256;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Writes the logs of an evaluation. */
public final class InspectLog {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** In names of files, as inspect_ai has it; its viewer looks for names that begin so. */
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH-mm-ss'+00-00'").withZone(ZoneOffset.UTC);

    private static final int STAMP_LENGTH = "2026-01-31T23-59-59+00-00".length();

    /** Digits of the hash that tells logs apart. */
    private static final int ID = 22;

    /**
     * An evaluation that is done.
     *
     * @param shown   the key of the answer that a sample is about; the others are among its metadata
     * @param run     what identifies it, as run.json has it
     * @param results of all subjects, in order
     * @param failure why it failed, or empty
     */
    public record Evaluation<R extends Task.Row>(
            Task<R> task,
            String shown,
            ObjectNode run,
            List<Result> results,
            List<Scores.Score> scores,
            Optional<String> failure) {
        public Evaluation {
            results = List.copyOf(results);
            scores = List.copyOf(scores);
        }

        /** The rows by their ids. */
        Map<String, R> rows() {
            Map<String, R> rows = new HashMap<>();
            task.rows().forEach(row -> rows.put(row.id(), row));
            return rows;
        }
    }

    private InspectLog() {}

    /**
     * Writes a log for each subject. One of the same evaluation that is there already is replaced, and keeps its time: the same
     * evaluation makes the same bytes.
     *
     * @param folder made where it is not there
     * @param now    when the evaluation ended
     * @return the files
     * @throws BadInput where one cannot be written
     */
    public static <R extends Task.Row> List<Path> write(Path folder, Evaluation<R> evaluation, Instant now) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new BadInput(
                    folder + ": cannot be created as a folder (" + IoReason.of(e) + ")",
                    "choose another {inspect_log}",
                    e);
        }
        List<Path> files = new ArrayList<>();
        for (String subject :
                evaluation.results().stream().map(Result::subject).distinct().toList()) {
            String id = Sha256.hex(evaluation.run() + "\n" + subject).substring(0, ID);
            String ending = "_" + evaluation.task().name().replace('_', '-') + "_" + id + ".json";
            Instant time = before(folder, ending).orElse(now.truncatedTo(ChronoUnit.SECONDS));
            Path file = folder.resolve(STAMP.format(time) + ending);
            write(file, evaluation, new InspectHeader<>(evaluation, subject, id, time), subject);
            files.add(file);
        }
        return files;
    }

    /** When the log of the same evaluation was written that is there, if one is. */
    private static Optional<Instant> before(Path folder, String ending) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(ending) && name.length() == STAMP_LENGTH + ending.length())
                    .sorted()
                    .findFirst()
                    .map(name -> Instant.from(STAMP.parse(name.substring(0, STAMP_LENGTH))));
        } catch (IOException e) {
            throw new BadInput(
                    folder + ": cannot be listed (" + IoReason.of(e) + ")", "choose another {inspect_log}", e);
        }
    }

    /** The fields in the order in which inspect_ai reads them: it takes the header alone where samples follow it. */
    private static <R extends Task.Row> void write(
            Path file, Evaluation<R> evaluation, InspectHeader<R> header, String subject) {
        Map<String, R> rows = evaluation.rows();
        try (AtomicFile to = AtomicFile.create(file);
                JsonGenerator json = new JsonFactory(JSON).createGenerator(new Bytes(to))) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeNumberField("version", 2);
            json.writeStringField("status", evaluation.failure().isEmpty() ? "success" : "error");
            json.writePOJOField("eval", header.eval());
            json.writePOJOField("plan", header.plan());
            json.writePOJOField("results", header.scores());
            json.writePOJOField("stats", header.stats());
            if (evaluation.failure().isPresent()) {
                json.writePOJOField("error", header.error());
            }
            json.writeArrayFieldStart("samples");
            for (Result result : evaluation.results()) {
                if (result.subject().equals(subject)) {
                    json.writeTree(new InspectSample<>(evaluation, result, rows.get(result.id()), header).json());
                }
            }
            json.writeEndArray();
            json.writeEndObject();
            json.flush();
            to.write(ByteBuffer.wrap(new byte[] {'\n'}));
            to.commit();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A stream into a file, which says itself what is wrong with it. */
    private static final class Bytes extends OutputStream {
        private final AtomicFile file;

        Bytes(AtomicFile file) {
            this.file = file;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            file.write(ByteBuffer.wrap(bytes, from, length));
        }
    }
}

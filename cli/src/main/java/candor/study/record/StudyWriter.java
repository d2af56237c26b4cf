package candor.study.record;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.io.Locks;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Writes a study's folder, and goes on with one that was left, killed processes included. One process writes at a time.
 * {@code created}, {@code version}, {@code name}, {@code command} and the model's path stay those of the first start;
 * everything else must be the same to go on.
 */
public final class StudyWriter implements AutoCloseable {
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final StudyFolder folder;
    private final Study study;
    private final FileChannel lock;
    private final Set<Key> finished;
    private final Appender results;
    private final Appender replies;
    private final Appender outcomes;

    private StudyWriter(StudyFolder folder, Study study, Predicate<Score> again, FileChannel lock) throws IOException {
        this.folder = folder;
        this.study = study;
        this.lock = lock;
        finished = repair(folder, study, again);
        results = Appender.open(folder.resultsFile());
        replies = Appender.open(folder.repliesFile());
        outcomes = Appender.open(folder.outcomesFile());
    }

    /**
     * Begins a study's folder, or goes on with it.
     *
     * @throws BadInput where another study is there, where its files are damaged, or another process writes it
     */
    public static StudyWriter open(Path path, Study study) {
        return open(path, study, score -> false);
    }

    /**
     * Likewise.
     *
     * @param again scores that are to be made again, such as one whose judge failed too often; with their rows they are dropped
     */
    public static StudyWriter open(Path path, Study study, Predicate<Score> again) {
        StudyFolder folder = new StudyFolder(path);
        try {
            Files.createDirectories(folder.evaluation());
            FileChannel lock = lock(path);
            try {
                return new StudyWriter(folder, begin(folder, study), again, lock);
            } catch (RuntimeException | IOException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw unwritable(path, e);
        }
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel channel =
                FileChannel.open(path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (!Locks.take(channel)) {
            channel.close();
            throw new BadInput(path + ": another run is writing this study", "wait for it, or choose another {output}");
        }
        return channel;
    }

    private static Study begin(StudyFolder folder, Study study) throws JsonProcessingException {
        byte[] bytes = (JSON.writeValueAsString(study.json()) + "\n").getBytes(StandardCharsets.UTF_8);
        if (!folder.exists()) {
            AtomicFile.write(folder.studyFile(), bytes);
            return study;
        }
        JsonNode there = folder.studyJson();
        // Our own tree goes through text too: read back, a number may have become another class of node.
        JsonNode asked = JSON.readTree(new String(bytes, StandardCharsets.UTF_8));
        for (JsonNode metrics : List.of(there.path("metrics"), asked.path("metrics"))) {
            metrics.forEach(metric -> {
                if (metric instanceof ObjectNode object) {
                    object.remove(Metric.ABOUT);
                }
            });
        }
        for (String part : List.of("kind", "judge", "config", "arms", "metrics")) {
            requireSame(folder, part, there.path(part), asked.path(part));
        }
        requireSame(folder, "model hash", there.at("/model/hash"), asked.at("/model/hash"));
        return folder.study();
    }

    private static void requireSame(StudyFolder folder, String part, JsonNode there, JsonNode asked) {
        if (!there.equals(asked)) {
            Set<String> names = new LinkedHashSet<>();
            asked.fieldNames().forEachRemaining(names::add);
            there.fieldNames().forEachRemaining(names::add);
            String name = names.stream()
                    .filter(each -> !there.path(each).equals(asked.path(each)))
                    .findFirst()
                    .map(each -> part + " " + each)
                    .orElse(part);
            throw new BadInput(folder.path() + ": holds a study of another " + name
                    + "; ask for what it was started with, or choose another --output");
        }
    }

    /**
     * Drops what a killed process left behind: half lines, outcomes and replies without their score, scores without their
     * outcomes (which only a machine that lost its power leaves), what stands twice, and what is to be made again.
     */
    private static Set<Key> repair(StudyFolder folder, Study study, Predicate<Score> again) {
        Set<Key> withOutcomes = new HashSet<>();
        folder.outcomes(line -> withOutcomes.add(line.key()));
        Set<Key> finished = new LinkedHashSet<>();
        folder.scores(study).stream()
                .filter(again.negate())
                .map(Score::key)
                .filter(withOutcomes::contains)
                .forEach(finished::add);
        Set<Key> once = new HashSet<>();
        Appender.keep(folder.outcomesFile(), fields -> {
            Key key = Key.read(fields);
            return finished.contains(key) && once.add(key);
        });
        Set<Row> said = new HashSet<>();
        Appender.keep(folder.repliesFile(), fields -> {
            Key key = Key.read(fields);
            return finished.contains(key) && said.add(new Row(key, fields.text("id")));
        });
        Appender.keep(folder.resultsFile(), fields -> finished.contains(Key.read(fields)));
        return finished;
    }

    private record Row(Key key, String id) {}

    /** The folder that is written. */
    public StudyFolder folder() {
        return folder;
    }

    /** The study as its folder has it. */
    public Study study() {
        return study;
    }

    public synchronized boolean isFinished(Key key) {
        return finished.contains(key);
    }

    /** What is finished, in the order in which it was. */
    public synchronized Set<Key> finished() {
        return Collections.unmodifiableSet(new LinkedHashSet<>(finished));
    }

    /**
     * Writes a finished part; once this returns, no killed process takes it back.
     *
     * @param said replies of this part, all or those worth showing; each row at most once
     */
    public synchronized void finish(Score score, Outcomes rows, List<Reply> said) {
        Key key = score.key();
        Set<String> ids = new HashSet<>();
        if (!study.has(key)
                || finished.contains(key)
                || !rows.key().equals(key)
                || said.stream().anyMatch(reply -> !reply.key().equals(key) || !ids.add(reply.id()))) {
            throw new IllegalArgumentException(key + ": not of this study, or twice, or with rows of another");
        }
        outcomes.append(List.of(rows.json()));
        replies.append(said.stream().map(Reply::json).toList());
        results.append(List.of(score.json()));
        finished.add(key);
    }

    private static BadInput unwritable(Path path, IOException e) {
        return new BadInput(
                path + ": cannot be written (" + IoReason.of(e)
                        + "); check the folder, its permissions and the disk, or choose another --output",
                e);
    }

    /** Puts everything on the disk, the scores last. */
    @Override
    public synchronized void close() {
        try (lock;
                results;
                replies;
                outcomes) {
            outcomes.force();
            replies.force();
            results.force();
        } catch (IOException e) {
            throw unwritable(folder.path(), e);
        }
    }
}

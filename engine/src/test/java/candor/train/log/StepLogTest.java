package candor.train.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepLogTest {
    @TempDir
    Path run;

    /** With no milliseconds, which are written all the same. */
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2031-05-04T03:02:01Z"));

    private static final String TIME = "\"time\":\"2031-05-04T03:02:01.000Z\"";

    private static Map<String, Number> values(double loss, long tokens) {
        Map<String, Number> values = new LinkedHashMap<>();
        values.put("loss", loss);
        values.put("tokens", tokens);
        return values;
    }

    private List<String> lines() throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl"));
    }

    @Test
    void aLineAStepInTheOrderGiven() throws IOException {
        try (StepLog log = StepLog.open(run, run.resolve("tensorboard"), 0, 0, CLOCK)) {
            log.step(1, values(0.5, 40));
            assertThat(lines()).containsExactly("{\"step\":1," + TIME + ",\"loss\":0.5,\"tokens\":40}");
            log.step(2, values(1.0, 41));
        }
        assertThat(lines().getLast()).isEqualTo("{\"step\":2," + TIME + ",\"loss\":1.0,\"tokens\":41}");
    }

    /** A clock that is not given is the system's. */
    @Test
    void timesAreThoseOfNow() throws IOException {
        Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        try (StepLog log = StepLog.open(run, null, 0, 0)) {
            log.step(1, values(0.5, 40));
        }
        String time = new ObjectMapper()
                .readTree(lines().getFirst())
                .get(StepLog.TIME)
                .textValue();
        assertThat(time).matches("\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z");
        assertThat(Instant.parse(time)).isBetween(before, Instant.now());
    }

    @Test
    void aResumedRunHasNoLineTwice() throws IOException {
        long offset;
        try (StepLog log = StepLog.open(run, run.resolve("tensorboard"), 0, 0, CLOCK)) {
            log.step(1, values(0.5, 40));
            offset = log.offset();
            log.step(2, values(0.4, 40));
            log.step(3, values(0.3, 40));
        }
        Files.writeString(
                run.resolve("metrics.jsonl"), Files.readString(run.resolve("metrics.jsonl")) + "{\"step\":4,\"lo");
        try (StepLog log = StepLog.open(run, run.resolve("tensorboard"), offset, 1, CLOCK)) {
            log.step(2, values(0.25, 40));
        }
        assertThat(lines())
                .containsExactly(
                        "{\"step\":1," + TIME + ",\"loss\":0.5,\"tokens\":40}",
                        "{\"step\":2," + TIME + ",\"loss\":0.25,\"tokens\":40}");
    }

    @Test
    void aLogThatLostLinesIsRefused() throws IOException {
        Files.writeString(run.resolve("metrics.jsonl"), "{}\n");
        assertThatThrownBy(() -> StepLog.open(run, run.resolve("tensorboard"), 100, 7))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("metrics.jsonl: has 3 bytes, the checkpoint of step 7 knows of 100");
        assertThat(lines()).containsExactly("{}");
    }

    @Test
    void tensorBoardReadsTheSameNumbers() throws IOException {
        try (StepLog log = StepLog.open(run, run.resolve("tensorboard"), 0, 0, CLOCK)) {
            log.step(1, values(0.1, 300));
            Map<String, Number> kto = new LinkedHashMap<>();
            kto.put("rewards/chosen", -12.75);
            kto.put("eval_loss", 3.5);
            kto.put("honesty_margin", 2);
            kto.put("belief_margin_spread", 0.25);
            kto.put("honest_step", 60_000);
            log.step(70_000, kto);
        }
        List<Event> events = events(eventFiles().getFirst());
        assertThat(events).hasSize(3);
        assertThat(events.get(0).version).isEqualTo("brain.Event:2");
        assertThat(events.get(1).step).isEqualTo(1);
        assertThat(events.get(1).scalars)
                .containsExactly(Map.entry("train/loss", 0.1f), Map.entry("train/tokens", 300f));
        assertThat(events.get(2).step).isEqualTo(70_000);
        assertThat(events.get(2).scalars)
                .containsExactly(
                        Map.entry("train/rewards/chosen", -12.75f),
                        Map.entry("eval/loss", 3.5f),
                        Map.entry("probes/honesty_margin", 2f),
                        Map.entry("probes/belief_margin_spread", 0.25f),
                        Map.entry("probes/honest_step", 60_000f));
        assertThat(events).allSatisfy(e -> assertThat(e.wallTime)
                .isEqualTo(CLOCK.instant().getEpochSecond()));
    }

    @Test
    void aResumedRunTellsTensorBoardFromWhere() throws IOException {
        StepLog.open(run, run.resolve("tensorboard"), 0, 0, CLOCK).close();
        StepLog.open(run, run.resolve("tensorboard"), 0, 12, CLOCK).close();
        List<Path> files = eventFiles();
        assertThat(files).hasSize(2);
        Event start = events(files.get(1)).get(1);
        assertThat(start.sessionStart).isTrue();
        assertThat(start.step).isEqualTo(13);
    }

    private List<Path> eventFiles() throws IOException {
        try (Stream<Path> files = Files.list(run.resolve("tensorboard"))) {
            return files.sorted().toList();
        }
    }

    /** What the test's own reader, written from the formats' descriptions, finds in a record. */
    private static final class Event {
        double wallTime;
        long step;
        String version;
        boolean sessionStart;
        final Map<String, Float> scalars = new LinkedHashMap<>();
    }

    private static List<Event> events(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Event> events = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = new byte[8];
            in.get(length);
            assertThat(in.getInt()).isEqualTo(masked(crc32c(length)));
            byte[] data = new byte
                    [(int) ByteBuffer.wrap(length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong()];
            in.get(data);
            assertThat(in.getInt()).isEqualTo(masked(crc32c(data)));
            events.add(event(data));
        }
        return events;
    }

    /** Castagnoli's polynomial, bit by bit, reflected. */
    private static int crc32c(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc ^= b & 0xff;
            for (int i = 0; i < 8; i++) {
                crc = (crc & 1) != 0 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
            }
        }
        return ~crc;
    }

    private static int masked(int crc) {
        return ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    private static ByteBuffer part(ByteBuffer in) {
        int length = (int) varint(in);
        ByteBuffer part = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + length);
        return part;
    }

    private static Event event(byte[] data) {
        ByteBuffer in = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
        Event event = new Event();
        while (in.hasRemaining()) {
            int tag = (int) varint(in);
            switch (tag) {
                case 1 << 3 | 1 -> event.wallTime = in.getDouble();
                case 2 << 3 -> event.step = varint(in);
                case 3 << 3 | 2 ->
                    event.version = StandardCharsets.UTF_8.decode(part(in)).toString();
                case 5 << 3 | 2 -> summary(part(in), event.scalars);
                case 7 << 3 | 2 -> {
                    ByteBuffer session = part(in);
                    event.sessionStart = varint(session) == (1 << 3) && varint(session) == 1 && !session.hasRemaining();
                }
                default -> throw new AssertionError("tag " + tag);
            }
        }
        return event;
    }

    private static void summary(ByteBuffer in, Map<String, Float> scalars) {
        while (in.hasRemaining()) {
            assertThat(varint(in)).isEqualTo(1 << 3 | 2);
            ByteBuffer value = part(in);
            assertThat(varint(value)).isEqualTo(1 << 3 | 2);
            String name = StandardCharsets.UTF_8.decode(part(value)).toString();
            assertThat(varint(value)).isEqualTo(2 << 3 | 5);
            scalars.put(name, value.getFloat());
            assertThat(value.hasRemaining()).isFalse();
        }
    }
}

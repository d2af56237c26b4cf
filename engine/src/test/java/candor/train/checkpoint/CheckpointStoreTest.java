package candor.train.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.train.checkpoint.CheckpointStore.Content;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointStoreTest {
    @TempDir
    Path run;

    private Path folder() {
        return run.resolve("checkpoints");
    }

    /** Two files whose bytes follow from the step; odd sizes, beyond a write buffer. */
    static Map<String, Content> files(long step) {
        Map<String, Content> files = new TreeMap<>();
        files.put("parameters.f32", out -> out.write(bytes(step, 150_001)));
        files.put("state.json", out -> out.write(bytes(-step, 77)));
        return files;
    }

    private static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    static void assertIntact(CheckpointStore.Intact checkpoint) throws IOException {
        assertThat(checkpoint.folder().resolve("parameters.f32")).hasBinaryContent(bytes(checkpoint.step(), 150_001));
        assertThat(checkpoint.folder().resolve("state.json")).hasBinaryContent(bytes(-checkpoint.step(), 77));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder())) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void theLastFewStay() throws IOException {
        CheckpointStore store = new CheckpointStore(folder(), 2);
        assertThat(store.newest()).isEmpty();
        for (long step : new long[] {2, 9, 10, 100}) {
            store.save(step, files(step));
            assertIntact(store.newest().orElseThrow());
        }
        assertThat(names()).containsExactly("step-10", "step-100");
        assertIntact(store.at(10));
    }

    @Test
    void theBestStaysAndCountsAmongTheLastFew() throws IOException {
        CheckpointStore store = new CheckpointStore(folder(), 2);
        store.save(2, Set.of(2L), files(2));
        for (long step : new long[] {4, 6, 8}) {
            store.save(step, Set.of(2L), files(step));
        }
        assertThat(names()).containsExactly("step-2", "step-8");
        store.save(10, Set.of(10L), files(10));
        assertThat(names()).containsExactly("step-10", "step-8");
        store.save(12, Set.of(8L, 10L), files(12));
        assertThat(names()).containsExactly("step-10", "step-12", "step-8");
        CheckpointStore one = new CheckpointStore(folder(), 1);
        one.save(14, Set.of(8L), files(14));
        assertThat(names()).containsExactly("step-14", "step-8");
    }

    @Test
    void aFlippedBitAnywhereIsFoundAndNamed() throws IOException {
        CheckpointStore store = new CheckpointStore(folder(), 3);
        store.save(4, files(4));
        store.save(8, files(8));
        Random random = new Random(5);
        for (String name : List.of("parameters.f32", "state.json", Sums.FILE)) {
            Path file = folder().resolve("step-8").resolve(name);
            byte[] good = Files.readAllBytes(file);
            for (int i = 0; i < 20; i++) {
                byte[] bad = good.clone();
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
                Files.write(file, bad);
                assertThatThrownBy(store::newest)
                        .isInstanceOf(BadInput.class)
                        .hasMessageContaining("step-8")
                        .hasMessageEndingWith("; step-4 is intact: continue from it with resume step-4");
                if (!name.equals(Sums.FILE)) {
                    assertThatThrownBy(store::newest).hasMessageContaining(name + " is damaged");
                }
            }
            Files.write(file, good);
            assertIntact(store.newest().orElseThrow());
        }
    }

    @Test
    void missingCutAndForeignFilesAreFound() throws IOException {
        CheckpointStore store = new CheckpointStore(folder(), 3);
        store.save(1, files(1));
        Path step = folder().resolve("step-1");
        Files.write(step.resolve("extra"), new byte[3]);
        assertThatThrownBy(store::newest)
                .hasMessageContaining("extra does not belong there")
                .hasMessageContaining("no older");
        Files.delete(step.resolve("extra"));
        Files.write(step.resolve("parameters.f32"), bytes(1, 150_000));
        assertThatThrownBy(store::newest).hasMessageContaining("parameters.f32 is damaged");
        Files.delete(step.resolve("parameters.f32"));
        assertThatThrownBy(store::newest).hasMessageContaining("parameters.f32 is missing");
        Files.delete(step.resolve(Sums.FILE));
        assertThatThrownBy(store::newest).hasMessageContaining(Sums.FILE + " is missing");
    }

    @Test
    void aRunResumedFromAnOlderCheckpointForgetsTheLaterOnes() throws IOException {
        CheckpointStore store = new CheckpointStore(folder(), 1);
        store.save(8, files(1));
        Files.createDirectories(folder().resolve("step-12"));
        Files.write(folder().resolve("step-12").resolve("state.json"), new byte[1]);
        store.save(9, files(9));
        assertThat(names()).containsExactly("step-9");
        store.save(9, files(9));
        assertIntact(store.newest().orElseThrow());
    }

    @Test
    void othersFilesInTheFolderAreLeftAlone() throws IOException {
        Files.createDirectories(folder());
        Files.write(folder().resolve("notes.txt"), new byte[1]);
        Files.createDirectories(folder().resolve("step-007"));
        CheckpointStore store = new CheckpointStore(folder(), 1);
        store.save(1, files(1));
        store.save(2, files(2));
        assertThat(names()).containsExactly("notes.txt", "step-007", "step-2");
    }

    /** A disk that has so many bytes left. */
    private static final class FullDisk implements Disk {
        private long left;

        FullDisk(long left) {
            this.left = left;
        }

        @Override
        public OutputStream create(Path file) throws IOException {
            OutputStream out = REAL.create(file);
            return new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    write(new byte[] {(byte) b}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int from, int length) throws IOException {
                    int fit = (int) Math.min(left, length);
                    out.write(bytes, from, fit);
                    left -= fit;
                    if (fit < length) {
                        throw new IOException("No space left on device");
                    }
                }

                @Override
                public void close() throws IOException {
                    out.close();
                }
            };
        }

        @Override
        public void force(Path folder) throws IOException {
            REAL.force(folder);
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            REAL.rename(from, to);
        }

        @Override
        public void delete(Path folder) throws IOException {
            REAL.delete(folder);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 70_000, 150_001, 150_050, 150_078, 150_200})
    void onAFullDiskNothingIsLost(long room) throws IOException {
        new CheckpointStore(folder(), 1).save(3, files(3));
        CheckpointStore full = new CheckpointStore(folder(), 1, new FullDisk(room));
        assertThatThrownBy(() -> full.save(6, files(6)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("the checkpoint of step 6 cannot be written (No space left on device)")
                .hasMessageEndingWith("resume from step-3");
        assertThat(names()).containsExactly("step-3");
        assertIntact(full.newest().orElseThrow());
    }

    @Test
    void whereNothingMayBeWrittenThatIsSaid() throws IOException {
        Files.write(folder(), new byte[0]);
        assertThatThrownBy(() -> new CheckpointStore(folder(), 1).save(1, files(1)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("cannot be written (")
                .hasMessageContaining("resume from the start");
    }

    /** The process ends inside the so-manieth call to the disk: half-written files, no name yet, or no deletion yet. */
    @Test
    void aProcessKilledAnywhereLeavesAnIntactCheckpoint() throws Exception {
        boolean finished = false;
        for (int calls = 1; !finished; calls++) {
            Path own = run.resolve("killed-" + calls);
            CheckpointStore store = new CheckpointStore(own, 1);
            store.save(3, files(3));
            finished = !dies(own, calls);
            CheckpointStore.Intact left = store.newest().orElseThrow();
            assertThat(left.step()).isIn(3L, 5L);
            assertIntact(left);
            store.save(7, files(7));
            try (Stream<Path> files = Files.list(own)) {
                assertThat(files.map(f -> f.getFileName().toString())).containsExactly("step-7");
            }
            assertThat(calls).isLessThan(40);
        }
    }

    /** In a process of its own, as a kill -9 must not take the test along. */
    private static boolean dies(Path folder, int calls) throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("surefire.real.class.path", System.getProperty("java.class.path")),
                        KilledWriter.class.getName(),
                        folder.toString(),
                        Integer.toString(calls))
                .redirectErrorStream(true)
                .start();
        String said = new String(child.getInputStream().readAllBytes());
        assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(child.exitValue()).as(said).isIn(0, KilledWriter.KILLED);
        return child.exitValue() == KilledWriter.KILLED;
    }
}

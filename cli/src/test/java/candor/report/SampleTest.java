package candor.report;
import java.nio.file.*;
import org.junit.jupiter.api.Test;
class SampleTest {
    @Test void sample() throws Exception {
        Path dir = Path.of("/tmp/sample-report");
        try (var s = Files.exists(dir) ? Files.walk(dir) : java.util.stream.Stream.<Path>empty()) { s.sorted(java.util.Comparator.reverseOrder()).forEach(p -> p.toFile().delete()); }
        long t0 = System.nanoTime();
        MadeUp.quickstart(dir);
        long t1 = System.nanoTime();
        Report r = Report.of(dir);
        System.out.println((t1-t0)/1e9 + " s write, " + (System.nanoTime()-t1)/1e9 + " s report, " + r.html().length());
        r.write(dir.resolve("report.html"), true);
        r.findings().forEach(System.out::println);
    }
}

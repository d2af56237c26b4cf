package candor.bench;

import static org.assertj.core.api.Assertions.assertThat;

import candor.tensor.DType;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** names.properties, by which the command checks its options before it builds anything, says what there is. */
class NamesTest {
    private static final Path FILE = Path.of(System.getProperty("basedir", "."), "names.properties");

    @Test
    void theFileNamesWhatThereIs() throws IOException {
        Properties names = new Properties();
        try (Reader reader = Files.newBufferedReader(FILE)) {
            names.load(reader);
        }
        assertThat(new TreeMap<>(names)).isEqualTo(new TreeMap<Object, Object>(there()));
    }

    private static Map<String, String> there() {
        Map<String, String> there = new TreeMap<>();
        List<String> shapes = Arrays.stream(Shapes.values()).map(Shapes::title).toList();
        there.put("shapes", String.join(",", shapes));
        Set<String> operations = new LinkedHashSet<>();
        for (String shape : shapes) {
            Operations.of(Shapes.named(shape), 128, 128, DType.F32)
                    .forEach(operation -> operations.add(operation.name()));
        }
        there.put("operations", String.join(",", operations));
        there.put("Scaling", "curve");
        there.put("Profile", "objective,batch,dtype");
        there.put("StartUp", "");
        there.put("Machine", "");
        BenchmarkList.defaultList()
                .getAll(OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT), List.of())
                .stream()
                .filter(entry -> !entry.getUsername().contains("CeilingBenchmark"))
                .forEach(entry -> there.put(entry.getUsername(), parameters(entry)));
        return there;
    }

    private static String parameters(BenchmarkListEntry entry) {
        return entry.getParams().hasValue()
                ? entry.getParams().get().keySet().stream().sorted().collect(Collectors.joining(","))
                : "";
    }
}

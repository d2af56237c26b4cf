package candor;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import candor.cli.Candor;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Which of the program's packages knows which: the engine's are in its own test. */
class ProgramArchitectureTest {
    private static final JavaClasses PROGRAM = new ClassFileImporter()
            .importUrl(Candor.class.getProtectionDomain().getCodeSource().getLocation());

    /** From the ground up: a package knows only packages above it, and exactly these. */
    private static final List<Map.Entry<String, Set<String>>> KNOWS = List.of(
            entry("stats", Set.of()),
            entry("screen", Set.of("stats")),
            entry("http", Set.of()),
            entry("hub", Set.of("http")),
            entry("evaluate.ask", Set.of()),
            entry("evaluate.data", Set.of()),
            entry("evaluate.engine", Set.of("evaluate.ask")),
            entry("evaluate.judge", Set.of("evaluate.ask", "http")),
            entry("evaluate", Set.of("evaluate.ask", "evaluate.data", "evaluate.judge", "stats")),
            entry("evaluate.inspect", Set.of("evaluate", "evaluate.ask", "evaluate.data", "evaluate.judge", "stats")),
            entry("study.record", Set.of()),
            entry("evaluate.benchmark", Set.of("evaluate", "study.record")),
            task("evaluate.behonest"),
            task("evaluate.choice"),
            task("evaluate.deception", "study.record"),
            task("evaluate.gsm8k"),
            task("evaluate.humaneval"),
            task("evaluate.mask", "study.record"),
            entry("study.user", Set.of("evaluate.ask")),
            entry("world", Set.of("evaluate.ask", "study.user")),
            entry("study.slurm", Set.of()),
            entry(
                    "study",
                    Set.of(
                            "evaluate",
                            "evaluate.ask",
                            "evaluate.benchmark",
                            "evaluate.data",
                            "evaluate.engine",
                            "evaluate.judge",
                            "stats",
                            "study.record",
                            "world")),
            entry(
                    "study.loop",
                    Set.of(
                            "evaluate.ask",
                            "evaluate.data",
                            "evaluate.engine",
                            "evaluate.judge",
                            "study",
                            "study.record",
                            "study.user",
                            "world")),
            entry(
                    "study.protocol",
                    Set.of(
                            "evaluate.benchmark",
                            "study",
                            "study.loop",
                            "study.record",
                            "evaluate.ask",
                            "screen",
                            "world")),
            entry("report.html", Set.of()),
            entry("report.figure", Set.of("report.html", "stats")),
            entry("report", Set.of("evaluate", "report.figure", "report.html", "stats", "study.record")),
            entry("quickstart", Set.of("report", "study", "study.protocol", "world")),
            entry("serve.http", Set.of()),
            entry("serve.work", Set.of()),
            entry("serve", Set.of("serve.http", "serve.work")),
            entry("watch", Set.of("report.figure", "report.html", "serve.http", "study.record")),
            entry(
                    "cli",
                    Set.of(
                            "evaluate",
                            "evaluate.ask",
                            "evaluate.benchmark",
                            "evaluate.engine",
                            "evaluate.inspect",
                            "evaluate.judge",
                            "hub",
                            "quickstart",
                            "report",
                            "screen",
                            "serve",
                            "serve.http",
                            "stats",
                            "study",
                            "study.loop",
                            "study.protocol",
                            "study.slurm",
                            "watch",
                            "world")));

    private static Map.Entry<String, Set<String>> task(String name, String... more) {
        Set<String> knows = new TreeSet<>(
                List.of("evaluate", "evaluate.ask", "evaluate.benchmark", "evaluate.data", "evaluate.judge", "stats"));
        knows.addAll(List.of(more));
        return entry(name, knows);
    }

    @Test
    void packagesKnowExactlyThese() {
        SortedMap<String, Set<String>> map = new TreeMap<>();
        KNOWS.forEach(known -> map.put(known.getKey(), new TreeSet<>(known.getValue())));
        assertThat(found()).isEqualTo(map);
    }

    @Test
    void thereAreNoCircles() {
        List<String> above = new ArrayList<>();
        for (Map.Entry<String, Set<String>> known : KNOWS) {
            assertThat(above).as(known.getKey()).containsAll(known.getValue());
            above.add(known.getKey());
        }
    }

    @Test
    void sumsComeFromTheGroundFloor() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .areAssignableTo(MessageDigest.class)
                .check(PROGRAM);
    }

    /** The program's packages, and which of the others each one knows. */
    private static SortedMap<String, Set<String>> found() {
        SortedMap<String, Set<String>> found = new TreeMap<>();
        for (JavaClass of : PROGRAM) {
            Set<String> known = found.computeIfAbsent(name(of), name -> new TreeSet<>());
            for (Dependency dependency : of.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (PROGRAM.contain(target.getFullName())
                        && !target.getPackage().equals(of.getPackage())) {
                    known.add(name(target));
                }
            }
        }
        return found;
    }

    private static String name(JavaClass of) {
        return of.getPackageName().substring("candor.".length());
    }
}

package candor.text.template;

import candor.text.template.Stmt.Target;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What Jinja's compiler finds out about names before anything runs. It gives every frame (the template, and the body of a
 * loop, a macro, a captured block, …) its own variables, and what a name means is settled per frame: where a frame's first
 * mention of a name assigns it, the name is the frame's own from the start. A block inside that reads it earlier finds
 * nothing there, even if the template was given a variable of that name.
 *
 * <p>Source: jinja2/idtracking.py of Jinja 3.1, by its behaviour.
 */
final class Frames {
    private final Map<List<Stmt>, Set<String>> unset = new IdentityHashMap<>();

    private Frames() {}

    /** For the body of each frame: the names that are undefined in it until it assigns them, where blocks inside ask. */
    static Map<List<Stmt>, Set<String>> unsetNames(List<Stmt> template) {
        Frames frames = new Frames();
        frames.analyse(new Frame(template, Set.of()), Set.of());
        return frames.unset;
    }

    /** @return all names that the frame and those inside it mention */
    private Set<String> analyse(Frame frame, Set<String> around) {
        frame.statements(frame.body, false);
        Set<String> known = new HashSet<>(around);
        known.addAll(frame.mentioned);
        Set<String> below = new HashSet<>();
        frame.inside.forEach(inner -> below.addAll(analyse(inner, known)));
        frame.assignedFirst.removeAll(around);
        frame.assignedFirst.retainAll(below);
        if (!frame.assignedFirst.isEmpty()) {
            unset.put(frame.body, frame.assignedFirst);
        }
        below.addAll(frame.mentioned);
        return below;
    }

    private static final class Frame {
        final List<Stmt> body;
        final Set<String> mentioned;
        final Set<String> assignedFirst = new HashSet<>();
        final List<Frame> inside = new ArrayList<>();

        Frame(List<Stmt> body, Set<String> parameters) {
            this.body = body;
            this.mentioned = new HashSet<>(parameters);
        }

        void statements(List<Stmt> statements, boolean conditional) {
            statements.forEach(statement -> statement(statement, conditional));
        }

        private void statement(Stmt statement, boolean conditional) {
            switch (statement) {
                case Stmt.Print print -> read(print.value());
                case Stmt.If branches -> {
                    for (Stmt.Branch branch : branches.branches()) {
                        read(branch.test());
                        statements(branch.body(), true);
                    }
                    statements(branches.otherwise(), true);
                }
                case Stmt.For loop -> {
                    read(loop.items());
                    Set<String> own = new HashSet<>(loop.target().names());
                    own.add("loop");
                    inside.add(new Frame(loop.body(), own));
                    Frame condition = new Frame(List.of(), own);
                    condition.read(loop.filter());
                    inside.add(condition);
                    inside.add(new Frame(loop.otherwise(), Set.of()));
                }
                case Stmt.Set set -> {
                    read(set.value());
                    assign(set.target(), conditional);
                }
                case Stmt.SetBlock set -> {
                    assign(set.target(), conditional);
                    inside.add(new Frame(set.body(), Set.of()));
                }
                case Stmt.Define define -> {
                    assign(new Stmt.Variable(define.macro().name()), conditional);
                    inside.add(macro(define.macro()));
                }
                case Stmt.CallBlock call -> {
                    read(call.call());
                    inside.add(macro(call.caller()));
                }
                case Stmt.FilterBlock filter -> {
                    filter.filters().forEach(this::read);
                    inside.add(new Frame(filter.body(), Set.of()));
                }
                case Stmt.With with -> {
                    Set<String> own = new HashSet<>();
                    for (Stmt.Set set : with.assignments()) {
                        read(set.value());
                        own.addAll(set.target().names());
                    }
                    inside.add(new Frame(with.body(), own));
                }
                case Stmt.Generation generation -> inside.add(new Frame(generation.body(), Set.of()));
                case Stmt.Text text -> {}
                case Stmt.Break end -> {}
                case Stmt.Continue next -> {}
            }
        }

        private static Frame macro(Stmt.MacroCode code) {
            Set<String> own = new HashSet<>();
            code.parameters().forEach(parameter -> own.add(parameter.name()));
            Frame frame = new Frame(code.body(), own);
            code.parameters().forEach(parameter -> frame.read(parameter.standard()));
            return frame;
        }

        private void assign(Target target, boolean conditional) {
            if (target instanceof Stmt.NamespaceField field) {
                mentioned.add(field.namespace());
            }
            for (String name : target.names()) {
                // An assignment that may not happen leaves the name what it is outside.
                if (mentioned.add(name) && !conditional) {
                    assignedFirst.add(name);
                }
            }
        }

        /** Goes through the parts in any order, and without recursion: a chain of operators may be very long. */
        private void read(Expr expression) {
            Deque<Expr> left = new ArrayDeque<>();
            for (Expr part = expression; part != null; part = left.poll()) {
                if (part instanceof Expr.Name name) {
                    mentioned.add(name.name());
                }
                parts(part).stream().filter(Objects::nonNull).forEach(left::push);
            }
        }

        private static List<Expr> parts(Expr expression) {
            return switch (expression) {
                case Expr.Const c -> List.of();
                case Expr.Name n -> List.of();
                case Expr.ListOf list -> list.items();
                case Expr.TupleOf tuple -> tuple.items();
                case Expr.DictOf dict ->
                    dict.entries().stream()
                            .flatMap(entry -> Stream.of(entry.key(), entry.value()))
                            .toList();
                case Expr.Attribute attribute -> List.of(attribute.object());
                case Expr.Item item -> List.of(item.object(), item.key());
                case Expr.Slice slice -> Arrays.asList(slice.object(), slice.start(), slice.stop(), slice.step());
                case Expr.Call call -> with(call.args(), call.function());
                case Expr.Filter filter -> with(filter.args(), filter.input());
                case Expr.Test test -> with(test.args(), test.input());
                case Expr.Negate negate -> List.of(negate.operand());
                case Expr.Not not -> List.of(not.operand());
                case Expr.And and -> List.of(and.left(), and.right());
                case Expr.Or or -> List.of(or.left(), or.right());
                case Expr.Binary binary -> List.of(binary.left(), binary.right());
                case Expr.Concat concat -> concat.parts();
                case Expr.Compare compare -> {
                    List<Expr> all = new ArrayList<>(List.of(compare.first()));
                    compare.rest().forEach(comparison -> all.add(comparison.right()));
                    yield all;
                }
                case Expr.Conditional choice -> Arrays.asList(choice.test(), choice.then(), choice.otherwise());
            };
        }

        private static List<Expr> with(Expr.Args args, Expr first) {
            List<Expr> all = new ArrayList<>();
            all.add(first);
            all.addAll(args.positional());
            all.addAll(args.named().values());
            return all;
        }
    }
}

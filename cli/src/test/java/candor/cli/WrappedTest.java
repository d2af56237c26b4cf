package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WrappedTest {
    @Test
    void wordsStayWhole() {
        assertThat(Wrapped.lines("one two  three", 7)).containsExactly("one two", "three");
        assertThat(Wrapped.lines("one two three", 6)).containsExactly("one", "two", "three");
        assertThat(Wrapped.lines("a incomprehensibilities b", 5)).containsExactly("a", "incomprehensibilities", "b");
    }

    @Test
    void linesOfTheTextStayApart() {
        assertThat(Wrapped.lines("one\n\ntwo three", 80)).containsExactly("one", "", "two three");
        assertThat(Wrapped.lines("", 80)).isEmpty();
    }
}

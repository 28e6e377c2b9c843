"""Whether an answer gives a target: the rules of the default scorer, in the order of the work.

`subject` reads the question and its targets, once. `find` says where an answer holds a target, in
any of its forms: as it stands, in part (`persons`), spelled in another way (`spelled`), worth the
same (`tqb.scorers.values`). `explained` says which of the words around it are accounted for, by the
question or by grammar, and `doubt` what in the rest makes it no answer. From these `stated` judges
an answer that says little else, `focus` one that says much, `mention` one that says it in passing,
where no other clause answers better (`rivals`), `lists` a target of several words, and
`calculations` a formula, or what a calculation comes to.
"""

//! `[similarity]`: when two implementations have one responsibility.

use serde::Deserialize;

use crate::analysis::similarity::{Rules as SimilarityRules, Weights};

/// Single values; the others stay as they are built in.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SimilarityEntry {
    handling_weight: Option<toml::Spanned<f32>>,
    actions_weight: Option<toml::Spanned<f32>>,
    interfaces_weight: Option<toml::Spanned<f32>>,
    company_weight: Option<toml::Spanned<f32>>,
    vocabulary_weight: Option<toml::Spanned<f32>>,
    less_covered_weight: Option<toml::Spanned<f32>>,
    more_covered_weight: Option<toml::Spanned<f32>>,
    less_conduct_weight: Option<toml::Spanned<f32>>,
    more_conduct_weight: Option<toml::Spanned<f32>>,
    near_score: Option<toml::Spanned<f32>>,
    near_rank: Option<u32>,
    discovery_score: Option<toml::Spanned<f32>>,
    discovery_words: Option<toml::Spanned<f32>>,
    discovery_essential: Option<toml::Spanned<f32>>,
    name_words: Option<toml::Spanned<f32>>,
    discovery_structure: Option<toml::Spanned<f32>>,
    discovery_wordless: Option<toml::Spanned<f32>>,
    discovery_content: Option<u32>,
    sure_score: Option<toml::Spanned<f32>>,
    least_behaviour: Option<toml::Spanned<f32>>,
    contradicted_below: Option<toml::Spanned<f32>>,
    copied_share: Option<toml::Spanned<f32>>,
    least_content: Option<u32>,
    common: Option<u32>,
}

impl SimilarityEntry {
    /// The shares, which lie between 0 and 1.
    pub(super) fn shares(&self) -> impl Iterator<Item = &toml::Spanned<f32>> {
        let all = [
            &self.handling_weight,
            &self.actions_weight,
            &self.interfaces_weight,
            &self.company_weight,
            &self.vocabulary_weight,
            &self.less_covered_weight,
            &self.more_covered_weight,
            &self.less_conduct_weight,
            &self.more_conduct_weight,
            &self.near_score,
            &self.discovery_score,
            &self.discovery_words,
            &self.discovery_essential,
            &self.name_words,
            &self.discovery_structure,
            &self.discovery_wordless,
            &self.sure_score,
            &self.least_behaviour,
            &self.contradicted_below,
            &self.copied_share,
        ];
        all.into_iter().flatten()
    }

    pub(super) fn over(self, base: SimilarityRules) -> SimilarityRules {
        let share = |own: Option<toml::Spanned<f32>>, base| own.map_or(base, toml::Spanned::into_inner);
        SimilarityRules {
            weights: Weights {
                handling: share(self.handling_weight, base.weights.handling),
                actions: share(self.actions_weight, base.weights.actions),
                interfaces: share(self.interfaces_weight, base.weights.interfaces),
                company: share(self.company_weight, base.weights.company),
                vocabulary: share(self.vocabulary_weight, base.weights.vocabulary),
                less_covered: share(self.less_covered_weight, base.weights.less_covered),
                more_covered: share(self.more_covered_weight, base.weights.more_covered),
                less_conduct: share(self.less_conduct_weight, base.weights.less_conduct),
                more_conduct: share(self.more_conduct_weight, base.weights.more_conduct),
            },
            near_score: share(self.near_score, base.near_score),
            near_rank: self.near_rank.unwrap_or(base.near_rank),
            discovery_score: share(self.discovery_score, base.discovery_score),
            discovery_words: share(self.discovery_words, base.discovery_words),
            discovery_essential: share(self.discovery_essential, base.discovery_essential),
            name_words: share(self.name_words, base.name_words),
            discovery_structure: share(self.discovery_structure, base.discovery_structure),
            discovery_wordless: share(self.discovery_wordless, base.discovery_wordless),
            discovery_content: self.discovery_content.unwrap_or(base.discovery_content),
            sure_score: share(self.sure_score, base.sure_score),
            least_behaviour: share(self.least_behaviour, base.least_behaviour),
            contradicted_below: share(self.contradicted_below, base.contradicted_below),
            copied_share: share(self.copied_share, base.copied_share),
            least_content: self.least_content.unwrap_or(base.least_content),
            common: self.common.unwrap_or(base.common),
        }
    }
}
